"""A backend over moto and a fake AWS Batch that count the calls."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from moto import mock_aws

from console.live.backend import LiveBackend
from sluice.ledger.ledger import Ledger
from sluice.run.compiled import Kind
from sluice.run.state import ItemSource
from tests.sluice.clouds import START, TABLE
from tests.sluice.graphs import QUEUES, RUN_ID, pipeline, step
from tests.sluice.operate.harness import REGION, OperateHarness


class Counted:
    """A client that counts the calls, and those of its paginators by pages."""

    def __init__(self, client: Any, calls: Counter[str]) -> None:
        """Count into ``calls``."""
        self._client, self._calls = client, calls

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._client, name)
        if name == "get_paginator":
            return lambda operation: _CountedPages(found(operation), operation, self._calls)
        if not callable(found) or name == "generate_presigned_url":
            return found

        def call(*given: Any, **request: Any) -> Any:
            self._calls[name] += 1
            return found(*given, **request)

        return call


class _CountedPages:
    def __init__(self, paginator: Any, operation: str, calls: Counter[str]) -> None:
        self._paginator, self._operation, self._calls = paginator, operation, calls

    def paginate(self, **request: Any) -> Iterator[Any]:
        for page in self._paginator.paginate(**request):
            self._calls[self._operation] += 1
            yield page


QUEUE = {
    "jobQueueArn": QUEUES["normal"],
    "jobQueueName": "Sluice_normal",
    "state": "ENABLED",
    "status": "VALID",
    "computeEnvironmentOrder": [{"order": 1, "computeEnvironment": "arn:spot"}],
}
ENVIRONMENT = {
    "computeEnvironmentArn": "arn:spot",
    "computeEnvironmentName": "Spot",
    "state": "ENABLED",
    "status": "INVALID",
    "statusReason": "CLIENT_ERROR - the role is not there",
    "computeResources": {"desiredvCpus": 4, "maxvCpus": 64},
}


class CloudWatch:
    """Alarms as CloudWatch returns them; moto's knows no state beside a prefix, and no pages."""

    def __init__(self) -> None:
        """Begin without any."""
        self.alarms = list[dict[str, Any]]()

    def describe_alarms(self, **request: Any) -> dict[str, Any]:
        """Return a page of those in a state whose names begin so."""
        assert request["AlarmTypes"] == ["MetricAlarm"]
        found = [
            one
            for one in self.alarms
            if one["AlarmName"].startswith(request["AlarmNamePrefix"])
            and one["StateValue"] == request["StateValue"]
        ]
        more = {"NextToken": "more"} if len(found) > request["MaxRecords"] else {}
        return {"MetricAlarms": found[: request["MaxRecords"]], **more}


class CountedCloud:
    """A cloud as the backend wants it."""

    def __init__(self, harness: OperateHarness) -> None:
        """Use the clients of a harness."""
        self.harness, self.calls, self.alarms = harness, Counter[str](), CloudWatch()
        clients = {**harness.clients, "cloudwatch": self.alarms}
        self._clients = {name: Counted(one, self.calls) for name, one in clients.items()}
        self.deployment = harness.deployment
        dynamodb: Any = self._clients["dynamodb"]
        self.ledger = Ledger(dynamodb, TABLE)

    def client(self, service: str) -> Any:
        """Return a client."""
        return self._clients[service]


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch) -> Iterator[CountedCloud]:
    """A cloud with nothing in it."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    with counted_cloud() as found:
        yield found


@contextmanager
def counted_cloud() -> Iterator[CountedCloud]:
    """Yield a cloud with nothing in it."""
    with mock_aws():
        harness = OperateHarness()
        jobs: Any = harness.jobs
        jobs.describe_job_queues = lambda **_: {"jobQueues": [QUEUE]}
        jobs.describe_compute_environments = lambda **_: {"computeEnvironments": [ENVIRONMENT]}
        for bucket in ("work", "results", "inbox"):
            harness.clients["s3"].create_bucket(Bucket=bucket)
        harness.clients["cloudformation"].outputs["SluiceStorage"]["InboxBucket"] = "inbox"
        yield CountedCloud(harness)


@pytest.fixture
def backend(cloud: CountedCloud) -> LiveBackend:
    """The backend over that cloud."""
    return LiveBackend(cloud=cloud, where="the test")


CHILDREN, ITEMS = 10_000, 1_000_000


@pytest.fixture
def large(cloud: CountedCloud) -> str:
    """A run whose array of 10,000 children is at work: 3,000 are done, 2 failed, 50 run."""
    harness = cloud.harness
    steps = (step("work", Kind.ARRAY, size=ITEMS, supervised=True), step("merge", after=("work",)))
    harness.begin(RUN_ID, START.isoformat(timespec="milliseconds"), pipeline(*steps))
    harness.clients["dynamodb"].update_item(
        TableName=TABLE,
        Key={"pk": {"S": f"RUN#{RUN_ID}"}, "sk": {"S": "STEP#work"}},
        UpdateExpression="SET children = :children",
        ExpressionAttributeValues={":children": {"N": str(CHILDREN)}},
    )
    harness.ledger.record_submitted(RUN_ID, {"work": "job-w"})
    summary = {"SUCCEEDED": 3_000, "FAILED": 2, "RUNNING": 50, "RUNNABLE": 6_948}
    harness.jobs.add(
        "job-w",
        status="PENDING",
        jobName=f"{RUN_ID}_work_0",
        arrayProperties={"size": CHILDREN, "statusSummary": summary},
    )
    return RUN_ID


def source_of(cloud: CountedCloud, run_id: str) -> ItemSource | None:
    """Return the items of the large array."""
    run = cloud.ledger.load(run_id)
    assert run is not None
    return run.steps["work"].item_source
