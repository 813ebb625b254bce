"""Files of a bucket of another account start runs, with what `sluice connect` writes for that account, and
with IAM enforced in both.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from cli.cloud import Cloud
from cli.commands.connect import BUCKET_POLICY, KEY_POLICY, TEMPLATE, connect
from local.paths import REGION
from sluice.run.state import Run, RunState
from tests.e2e.application import Application, wait_for

THEIRS = "111122223333"
BUCKET = "their-landing"
STACK = "sluice-their-landing"
EVENTS: dict[str, Any] = {"EventBridgeConfiguration": {}}


class OtherAccount:
    """The account that has the bucket, by its administrator."""

    def __init__(self, app: Application, written: Path) -> None:
        """Make the bucket; ``written`` is what the command wrote."""
        self._app, self._written = app, written
        self.s3, self.cloudformation = self.client("s3"), self.client("cloudformation")
        self.s3.create_bucket(Bucket=BUCKET)

    def client(self, service: str) -> Any:
        """Return a client."""
        given = self._app.place.client_environment()
        return botocore.session.Session().create_client(
            service,
            region_name=REGION,
            endpoint_url=self._app.place.endpoint,
            aws_access_key_id=THEIRS,
            aws_secret_access_key=given["AWS_SECRET_ACCESS_KEY"],
            config=Config(proxies={}),
        )

    def forward(self) -> None:
        """Deploy the written template, and switch the bucket's events on."""
        text = (self._written / TEMPLATE).read_text()
        self.cloudformation.create_stack(StackName=STACK, TemplateBody=text, Capabilities=["CAPABILITY_IAM"])
        wait_for(lambda: self._stack()["StackStatus"] == "CREATE_COMPLETE", "the stack of the other account")
        self.s3.put_bucket_notification_configuration(Bucket=BUCKET, NotificationConfiguration=EVENTS)

    def allow(self) -> None:
        """Add the written statements to the bucket's policy, and to that of a key."""
        self.s3.put_bucket_policy(Bucket=BUCKET, Policy=_policy(self._written / BUCKET_POLICY))
        kms = self.client("kms")
        key = kms.create_key()["KeyMetadata"]["KeyId"]
        kms.put_key_policy(KeyId=key, PolicyName="default", Policy=_policy(self._written / KEY_POLICY))

    def put(self, key: str, content: bytes) -> None:
        """Store a file."""
        self.s3.put_object(Bucket=BUCKET, Key=key, Body=content)

    def undelivered(self) -> int:
        """Return how many events could not be forwarded."""
        names = ["ApproximateNumberOfMessages"]
        found = self.client("sqs").get_queue_attributes(QueueUrl=self.queue(), AttributeNames=names)
        return int(found["Attributes"][names[0]])

    def queue(self) -> str:
        """Return the queue of events that could not be forwarded."""
        return next(str(one["OutputValue"]) for one in self._stack()["Outputs"])

    def role(self) -> str:
        """Return the name of the role that forwards."""
        resources = self.cloudformation.list_stack_resources(StackName=STACK)["StackResourceSummaries"]
        names = {one["LogicalResourceId"]: str(one["PhysicalResourceId"]) for one in resources}
        return names["ForwardRole"]

    def end(self) -> None:
        """Leave nothing."""
        self.cloudformation.delete_stack(StackName=STACK)
        for one in self.s3.list_objects_v2(Bucket=BUCKET).get("Contents", []):
            self.s3.delete_object(Bucket=BUCKET, Key=one["Key"])
        self.s3.delete_bucket(Bucket=BUCKET)

    def _stack(self) -> dict[str, Any]:
        (found,) = self.cloudformation.describe_stacks(StackName=STACK)["Stacks"]
        return dict(found)


def _policy(path: Path) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": json.loads(path.read_text())})


@pytest.fixture(scope="module")
def theirs(app: Application, tmp_path_factory: pytest.TempPathFactory) -> Iterator[OtherAccount]:
    """The other account with its bucket, whose events are forwarded; nobody may read it yet."""
    folder = tmp_path_factory.mktemp("theirs")
    given = argparse.Namespace(bucket=BUCKET, yes=True, save=folder, json=False)
    assert connect(given, Cloud(app.client, "the test's cloud"), Path(__file__).parent) == 0
    found = OtherAccount(app, folder)
    found.forward()
    yield found
    found.end()


def run_of(app: Application, key: str) -> Run:
    """Return the run of a file of the bucket when it is over."""

    def look() -> str | None:
        return next((one for one, trigger in app.triggers() if _is_of(trigger, key)), None)

    run_id = wait_for(look, f"a run of {key}")
    app.wait_until_ended(run_id)
    run = app.ledger.load(run_id)
    assert run is not None
    return run


def _is_of(trigger: dict[str, Any], key: str) -> bool:
    return (trigger.get("bucket"), trigger.get("key")) == (BUCKET, key)


def test_a_file_of_another_account_starts_a_run_that_may_read_it_where_its_owner_says_so(
    app: Application, theirs: OtherAccount
) -> None:
    """Without the bucket's policy the run fails, and says why; what no trigger takes starts nothing."""
    theirs.put("stock/a.csv", b"1")
    theirs.put("sales/a.txt", b"1")
    theirs.put("sales/before.csv", b"1,2,3")
    run = run_of(app, "sales/before.csv")
    assert run.state is RunState.FAILED
    assert "AccessDenied" in str(run.steps["read"].reason)
    theirs.allow()
    theirs.put("sales/after.csv", b"4,5,6")
    run = run_of(app, "sales/after.csv")
    assert run.state is RunState.SUCCEEDED, run.steps
    assert app.published(run, "text.txt") == b"4,5,6"
    found = [trigger["key"] for _, trigger in app.triggers() if trigger.get("bucket") == BUCKET]
    assert sorted(found) == ["sales/after.csv", "sales/before.csv"]
    assert theirs.undelivered() == 0


def test_what_the_rule_may_not_forward_is_kept_there(app: Application, theirs: OtherAccount) -> None:
    """In the queue of the other account, of which its owner sets an alarm."""
    iam, role = theirs.client("iam"), theirs.role()
    (name,) = iam.list_role_policies(RoleName=role)["PolicyNames"]
    policy = iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
    iam.delete_role_policy(RoleName=role, PolicyName=name)
    before = theirs.undelivered()
    theirs.put("sales/kept.csv", b"7")
    wait_for(lambda: theirs.undelivered() == before + 1, "an event that is kept")
    iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=json.dumps(policy))
    assert not [one for one, trigger in app.triggers() if _is_of(trigger, "sales/kept.csv")]
    theirs.client("sqs").purge_queue(QueueUrl=theirs.queue())


def test_nobody_else_of_our_account_may_read_it(app: Application, theirs: OtherAccount) -> None:
    """Not the administrator either: the policy is about the roles of jobs."""
    theirs.put("sales/other.txt", b"8")
    with pytest.raises(ClientError, match="AccessDenied"):
        app.client("s3").get_object(Bucket=BUCKET, Key="sales/other.txt")
