"""Events pass from the bus of one account to that of another, and buckets are read, as far as both sides"
" allow."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import botocore.session
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from local.paths import ACCOUNT, REGION, LocalCloudPaths
from local.server.process import control

THEIRS = "111122223333"
BUS = f"arn:aws:events:{REGION}:{ACCOUNT}:event-bus/default"
_TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"AWS": "*", "Service": "*"}, "Action": "sts:AssumeRole"}],
}


@dataclass(frozen=True)
class Account:
    """An account of the local cloud, by its administrator."""

    place: LocalCloudPaths
    id: str

    def client(self, service: str, **key: str) -> Any:
        """Return a client; of a session with its ``key``."""
        given = self.place.client_environment()
        known: dict[str, Any] = {
            "aws_access_key_id": self.id,
            "aws_secret_access_key": given["AWS_SECRET_ACCESS_KEY"],
        }
        return botocore.session.Session().create_client(
            service,
            region_name=REGION,
            endpoint_url=self.place.endpoint,
            config=Config(proxies={}, retries={"max_attempts": 1}),
            **{**known, **key},
        )

    def role(self, action: str, resource: str, path: str = "/") -> str:
        """Make a role that may do something, and return its ARN."""
        iam, name = self.client("iam"), f"tests-{uuid.uuid4().hex}"
        made = iam.create_role(RoleName=name, Path=path, AssumeRolePolicyDocument=json.dumps(_TRUST))
        statement = {"Effect": "Allow", "Action": action, "Resource": resource}
        policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        iam.put_role_policy(RoleName=name, PolicyName="one", PolicyDocument=policy)
        return str(made["Role"]["Arn"])

    def session(self, role: str) -> dict[str, str]:
        """Return the key of a session of a role."""
        found = self.client("sts").assume_role(RoleArn=role, RoleSessionName="tests")["Credentials"]
        return {
            "aws_access_key_id": found["AccessKeyId"],
            "aws_secret_access_key": found["SecretAccessKey"],
            "aws_session_token": found["SessionToken"],
        }

    def queue(self) -> tuple[str, str]:
        """Make a queue that any rule may fill; return its URL and its ARN."""
        sqs = self.client("sqs")
        url = sqs.create_queue(QueueName=f"tests-{uuid.uuid4().hex}")["QueueUrl"]
        arn = f"arn:aws:sqs:{REGION}:{self.id}:{url.rpartition('/')[2]}"
        statement = {
            "Effect": "Allow",
            "Principal": {"Service": "events.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": arn,
        }
        policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
        return str(url), arn

    def received(self, url: str) -> list[dict[str, Any]]:
        """Return the events in a queue."""
        found = self.client("sqs").receive_message(QueueUrl=url, MaxNumberOfMessages=10)
        return [json.loads(one["Body"]) for one in found.get("Messages", [])]


@pytest.fixture
def ours(cloud: LocalCloudPaths) -> Iterator[Account]:
    """The account that has the bus, with IAM enforced during a test."""
    control(cloud, "PUT", "iam", {"enforce": True})
    yield Account(cloud, ACCOUNT)
    control(cloud, "PUT", "iam", {"enforce": False})


@pytest.fixture
def theirs(ours: Account) -> Account:
    """The account that sends, or has the bucket."""
    return Account(ours.place, THEIRS)


class Forwarding:
    """A rule there that sends to the bus here, and a rule here that fills a queue with what comes."""

    def __init__(self, ours: Account, theirs: Account, role: str) -> None:
        self.ours, self.theirs, self.source = ours, theirs, f"tests.{uuid.uuid4().hex}"
        self.queue, self.aside = ours.queue(), theirs.queue()
        pattern = {"source": [self.source]}
        self.name = f"tests-{uuid.uuid4().hex}"
        here, there = ours.client("events"), theirs.client("events")
        here.put_rule(Name=self.name, EventPattern=json.dumps({**pattern, "account": [THEIRS]}))
        here.put_targets(Rule=self.name, Targets=[{"Id": "Queue", "Arn": self.queue[1]}])
        there.put_rule(Name=self.name, EventPattern=json.dumps(pattern))
        dead_letters = {"Arn": self.aside[1]}
        target = {
            "Id": "Bus",
            "Arn": BUS,
            "DeadLetterConfig": dead_letters,
            **({"RoleArn": role} if role else {}),
        }
        there.put_targets(Rule=self.name, Targets=[target])

    def allow(self, condition: str) -> None:
        """Let the bus here take events of the other account, of a source."""
        statement = {
            "Sid": self.name,
            "Effect": "Allow",
            "Principal": {"AWS": f"arn:aws:iam::{THEIRS}:root"},
            "Action": "events:PutEvents",
            "Resource": BUS,
            "Condition": {"StringEquals": {"events:source": condition}},
        }
        policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        self.ours.client("events").put_permission(Policy=policy)

    def send(self) -> tuple[list[dict[str, Any]], int]:
        """Send an event there; return what came here, and how many were set aside."""
        entry = {"Source": self.source, "DetailType": "t", "Detail": "{}"}
        self.theirs.client("events").put_events(Entries=[entry])
        return self.ours.received(self.queue[0]), len(self.theirs.received(self.aside[0]))

    def end(self) -> None:
        """Remove the rules and the permission."""
        for account, target in ((self.ours, "Queue"), (self.theirs, "Bus")):
            events = account.client("events")
            events.remove_targets(Rule=self.name, Ids=[target])
            events.delete_rule(Name=self.name)
        self.ours.client("events").remove_permission(RemoveAllPermissions=True)


@pytest.fixture
def forwarding(ours: Account, theirs: Account) -> Iterator[Forwarding]:
    """A rule whose role may send to the bus."""
    found = Forwarding(ours, theirs, theirs.role("events:PutEvents", BUS))
    yield found
    found.end()


def test_an_event_reaches_the_bus_of_another_account_that_takes_it(forwarding: Forwarding) -> None:
    """As an event of its own account and Region."""
    forwarding.allow(forwarding.source)
    ((event,), aside) = forwarding.send()
    assert (event["source"], event["account"], event["region"], aside) == (
        forwarding.source,
        THEIRS,
        REGION,
        0,
    )


def test_a_bus_takes_only_what_its_policy_allows(forwarding: Forwarding) -> None:
    """What it does not take is set aside there; of the right account, but another source, too."""
    assert forwarding.send() == ([], 1)
    forwarding.allow("aws.s3")
    assert forwarding.send() == ([], 1)


def test_an_account_may_be_allowed_by_its_id(forwarding: Forwarding) -> None:
    """And is the only one."""
    here = forwarding.ours.client("events")
    here.put_permission(Action="events:PutEvents", Principal="444455556666", StatementId="other")
    assert forwarding.send() == ([], 1)
    here.put_permission(Action="events:PutEvents", Principal=THEIRS, StatementId="theirs")
    found, aside = forwarding.send()
    assert (len(found), aside) == (1, 0)


def test_a_rule_needs_a_role_that_may_send(ours: Account, theirs: Account) -> None:
    """One that may send to another bus does not."""
    found = Forwarding(ours, theirs, theirs.role("events:PutEvents", f"{BUS}-other"))
    found.allow(found.source)
    assert found.send() == ([], 1)
    found.end()


@pytest.mark.parametrize("path", ["/", "/team/"])
def test_a_policy_of_a_bucket_is_about_the_role_of_another_account(
    ours: Account, theirs: Account, path: str
) -> None:
    """Its own account must let it read, too; its name is the role's, with its path."""
    s3, bucket = theirs.client("s3"), f"tests-{uuid.uuid4().hex}"
    s3.create_bucket(Bucket=bucket)
    for key in ("sales/a.csv", "stock/a.csv"):
        s3.put_object(Bucket=bucket, Key=key, Body=b"x")
    named = ours.role("s3:*", "*", path)
    other, narrow = ours.role("s3:*", "*", path), ours.role("s3:GetObject", "arn:aws:s3:::none/*", path)
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
        "Action": ["s3:GetObject"],
        "Resource": [f"arn:aws:s3:::{bucket}/sales/*"],
        "Condition": {"ArnLike": {"aws:PrincipalArn": [named, narrow]}},
    }
    reader = ours.client("s3", **ours.session(named))
    assert refused(reader, bucket, "sales/a.csv")
    s3.put_bucket_policy(
        Bucket=bucket, Policy=json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    )
    assert not refused(reader, bucket, "sales/a.csv")
    assert refused(reader, bucket, "stock/a.csv")
    assert refused(ours.client("s3", **ours.session(other)), bucket, "sales/a.csv")
    assert refused(ours.client("s3", **ours.session(narrow)), bucket, "sales/a.csv")
    with pytest.raises(ClientError, match="AccessDenied"):
        reader.put_object(Bucket=bucket, Key="sales/b.csv", Body=b"x")


def refused(s3: Any, bucket: str, key: str) -> bool:
    """Return whether an object may not be read."""
    try:
        s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    except ClientError as error:
        return bool(error.response["Error"]["Code"] == "AccessDenied")
    return False
