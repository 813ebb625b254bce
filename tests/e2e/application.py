"""The deployed app as these tests use it: upload, wait, look. Everything goes through the same AWS APIs as on
AWS.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal, TypeVar

from cli.aws import client_of, outputs
from local.paths import LocalCloudPaths
from local.server.process import control
from sluice import keys
from sluice.ledger import records as ledger_items
from sluice.ledger.ledger import Ledger
from sluice.operate.runs.reader import RunReader
from sluice.operate.runs.view import RunView
from sluice.run.state import Run

SECONDS = 420.0
"""Far more than anything takes on a slow machine, also where a message comes again, after six minutes:
against waiting for ever, and no measure of speed.
"""
_POLL_SECONDS = 0.1
_T = TypeVar("_T")


def wait_for(
    look: Callable[[], _T | Literal[False] | None],
    what: str,
    seconds: float = SECONDS,
    pause: float = _POLL_SECONDS,
) -> _T:
    """Return what ``look`` finds as soon as it finds something; fails the test after ``seconds``."""
    deadline = time.monotonic() + seconds
    while True:
        found = look()
        if found:
            return found
        assert time.monotonic() < deadline, f"Expected {what} within {seconds:.0f} s, found none."
        time.sleep(pause)


@dataclass(frozen=True)
class Upload:
    """One version of an uploaded file."""

    key: str
    version: str


DEFINITIONS = "SluicePipelines"
"""The folder of the CDK's bucket in which the trigger Lambda may read compiled pipelines."""


class Application:
    """The app on a local cloud."""

    def __init__(self, place: LocalCloudPaths) -> None:
        self.place = place
        self.client = cache(lambda service: client_of(place, service))
        self.outputs = outputs(self.client("cloudformation"))
        self.ledger = Ledger(self.client("dynamodb"), self.outputs["LedgerTable"])

    def put(self, key: str, content: bytes) -> Upload:
        """Store a file in the inbox."""
        stored = self.client("s3").put_object(Bucket=self.outputs["InboxBucket"], Key=key, Body=content)
        return Upload(key, stored["VersionId"])

    def runs_of(self, upload: Upload) -> list[str]:
        """Return the ids of the runs that this very version has started."""
        return [
            run_id
            for run_id, trigger in self.triggers()
            if (trigger.get("key"), trigger.get("version_id")) == (upload.key, upload.version)
        ]

    def triggers(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Yield each run with what started it."""
        values = ledger_items.values(run=ledger_items.RUN)
        scan = self.client("dynamodb").get_paginator("scan").paginate
        pages = scan(
            TableName=self.outputs["LedgerTable"],
            FilterExpression="sk = :run",
            ExpressionAttributeValues=values,
        )
        for item in (item for page in pages for item in page["Items"]):
            yield item["pk"]["S"].removeprefix(ledger_items.RUN_PREFIX), json.loads(item["trigger"]["S"])

    def ended(self, upload: Upload) -> Run:
        """Return the one run of an upload when it has ended and its cleanup is over."""
        run_id = wait_for(lambda: self.runs_of(upload), f"a run of {upload.key}")[0]
        self.wait_until_ended(run_id)
        run = self.ledger.load(run_id)
        assert run is not None
        return run

    def wait_until_ended(self, run_id: str) -> RunView:
        """Return what there is to see of a run when nothing more will happen to it."""
        runs = RunReader(self.ledger, self.client("batch"))
        return wait_for(
            lambda: next((view for view in runs.read([run_id]) if view.ended), None), f"the end of {run_id}"
        )

    def published(self, run: Run, name: str) -> bytes:
        """Return a file that a run published."""
        key = keys.result(run.pipeline.name, run.run_id, name)
        return bytes(
            self.client("s3").get_object(Bucket=self.outputs["ResultsBucket"], Key=key)["Body"].read()
        )

    def messages(self, run: Run) -> list[dict[str, str]]:
        """Return the e-mails and text messages about a run; both name the end of its id."""
        return [
            message
            for message in control(self.place, "GET", "messages")
            if run.run_id[-20:] in message["text"]
        ]

    def resource(self, stack: str, logical_id: str, kind: str) -> str:
        """Return the physical id of a stack's resource by the beginning of its logical id."""
        pages = self.client("cloudformation").get_paginator("list_stack_resources").paginate(StackName=stack)
        resources = {
            resource["LogicalResourceId"]: resource["PhysicalResourceId"]
            for page in pages
            for resource in page["StackResourceSummaries"]
            if resource["LogicalResourceId"].startswith(logical_id) and resource["ResourceType"] == kind
        }
        # The CDK appends eight digits to a construct's own path.
        exact = [name for name in resources if re.fullmatch(rf"{logical_id}[0-9A-F]{{8}}", name)]
        found = [resources[name] for name in exact or resources]
        assert len(found) == 1, f"Expected one {kind} {logical_id}… in {stack}, found {found}."
        return str(found[0])

    def queue(self, stage: str, kind: str = "Queue") -> str:
        """Return the URL of a stage's queue, or of its ``DeadLetters``."""
        name = "".join(word.capitalize() for word in stage.split("_"))
        return self.resource("SluiceControl", f"{name}{kind}", "AWS::SQS::Queue")

    def waiting(self, queue: str) -> int:
        """Return how many messages a queue holds, those that are being handled included."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        found = self.client("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=names)["Attributes"]
        return sum(int(found[name]) for name in names)

    @contextmanager
    def without_permission(self, role: str, action: str) -> Iterator[None]:
        """Take an action out of a role's policies, and put it back."""
        iam = self.client("iam")
        names = iam.list_role_policies(RoleName=role)["PolicyNames"]
        before = {
            name: iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"] for name in names
        }
        assert any(action in _actions(one) for policy in before.values() for one in policy["Statement"]), (
            f"{role} never had {action}."
        )
        for name, policy in before.items():
            _put(
                iam,
                role,
                name,
                {**policy, "Statement": [_without(one, action) for one in policy["Statement"]]},
            )
        try:
            yield
        finally:
            for name, policy in before.items():
                _put(iam, role, name, policy)


def _actions(statement: dict[str, Any]) -> list[str]:
    actions = statement["Action"]
    return [actions] if isinstance(actions, str) else list(actions)


def _without(statement: dict[str, Any], action: str) -> dict[str, Any]:
    """Return a statement without an action; one that has no other allows what nobody asks for."""
    return {
        **statement,
        "Action": [one for one in _actions(statement) if one != action] or ["sluice:Nothing"],
    }


def _put(iam: Any, role: str, name: str, policy: dict[str, Any]) -> None:
    iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=json.dumps(policy))
