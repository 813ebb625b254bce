"""A DynamoDB table as the storage stack makes it (moto's, or one in memory), a strict stand-in for AWS
Batch's calls, and calls that die.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import botocore.session
from botocore.exceptions import ClientError
from botocore.validate import validate_parameters
from moto import mock_aws

from sluice.advance.advancer import Advancer
from sluice.alerts.run_events import RunChanged
from sluice.ledger.ledger import UNFINISHED_INDEX, Ledger
from sluice.ledger.listed import LISTED_INDEX
from sluice.messages import RunFailed
from sluice.run.state import RunState
from sluice.testing.memory.tables import Table
from tests.sluice.graphs import QUEUES

TABLE = "ledger"
START = datetime(2026, 1, 1, tzinfo=UTC)


@contextmanager
def dynamodb() -> Iterator[Any]:
    """Yield a client of a DynamoDB that has the ledger's table."""
    with mock_aws():
        client = botocore.session.get_session().create_client("dynamodb", region_name="us-east-1")
        make_table(client)
        yield _Atomic(client)


def in_memory() -> Any:
    """Return a client of a DynamoDB in memory, for tests that play a run once for each of its calls: moto
    takes twenty times as long. tests/matrix/test_harness.py holds it to what moto answers.
    """
    return _Atomic(Table(TABLE))


class _Atomic:
    """Lets one call at a time through: DynamoDB's writes and transactions are atomic, moto's among threads
    are not.
    """

    def __init__(self, client: Any) -> None:
        self._client, self._lock = client, threading.Lock()

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._client, name)
        if not callable(method):
            return method

        def call(*positional: Any, **named: Any) -> Any:
            with self._lock:
                return method(*positional, **named)

        return call


def make_table(client: Any, name: str = TABLE) -> None:
    """Make the ledger's table with its sparse indexes."""
    keys = [{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}]
    index = [
        {"AttributeName": "unfinished", "KeyType": "HASH"},
        {"AttributeName": "created_at", "KeyType": "RANGE"},
    ]
    listed = [
        {"AttributeName": "listed", "KeyType": "HASH"},
        {"AttributeName": "listed_at", "KeyType": "RANGE"},
    ]
    client.create_table(
        TableName=name,
        KeySchema=keys,
        AttributeDefinitions=[
            {"AttributeName": one["AttributeName"], "AttributeType": "S"} for one in [*keys, *index, *listed]
        ],
        GlobalSecondaryIndexes=[
            {
                "IndexName": UNFINISHED_INDEX,
                "KeySchema": index,
                "Projection": {"ProjectionType": "KEYS_ONLY"},
            },
            {
                "IndexName": LISTED_INDEX,
                "KeySchema": listed,
                "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["listed_run"]},
            },
        ],
        BillingMode="PAY_PER_REQUEST",
    )


def refused(code: str, message: str = "", status: int = 400) -> ClientError:
    """Return an error that AWS answers."""
    response: Any = {
        "Error": {"Code": code, "Message": message},
        "ResponseMetadata": {"HTTPStatusCode": status},
    }
    return ClientError(response, "SubmitJob")


class Batch:
    """Takes what AWS Batch would take and nothing else; ``answers`` are errors of the next submissions,
    before or after their effect.
    """

    def __init__(self) -> None:
        """Have no jobs."""
        self.jobs: dict[str, dict[str, Any]] = {}
        self.answers: list[tuple[str, Exception | None]] = []
        self.pages: list[dict[str, Any]] = []
        self.children: dict[str, dict[str, list[int]]] = {}
        """The children of ended arrays, by job id and state."""
        self.details: dict[str, dict[str, Any]] = {}
        """Why jobs and children failed, by their ids."""
        self.environments: dict[str, dict[str, Any]] = {
            "spot": {"computeEnvironmentName": "spot", "status": "VALID"}
        }
        self._model: Any = botocore.session.get_session().get_service_model("batch")
        self._lock = threading.Lock()
        self._numbers = itertools.count()

    def submit_job(self, **request: Any) -> dict[str, Any]:
        """Submit a job, or fail as scripted."""
        validate_parameters(request, self._model.operation_model("SubmitJob").input_shape)
        with self._lock:
            when, error = self.answers.pop(0) if self.answers else ("", None)
            if error is not None and when == "before":
                raise error
            job = self._submit(request)
            if error is not None:
                raise error
            return {"jobId": job, "jobName": request["jobName"]}

    def _submit(self, request: dict[str, Any]) -> str:
        for dependency in request.get("dependsOn", []):
            if dependency.get("type") == "SEQUENTIAL":
                assert "arrayProperties" in request, "SEQUENTIAL of no array"
                assert "jobId" not in dependency
                continue
            parent = self.jobs.get(dependency["jobId"])
            assert parent is not None, f"unknown parent {dependency}"
            if dependency.get("type") == "N_TO_N":
                assert parent["arrayProperties"] == request["arrayProperties"], "N_TO_N of unequal sizes"
        assert request["jobQueue"] in QUEUES.values()
        number = next(self._numbers)
        job_id = f"job-{number}"
        self.jobs[job_id] = {**request, "jobId": job_id, "createdAt": number, "status": "SUBMITTED"}
        return job_id

    def list_jobs(self, **request: Any) -> dict[str, Any]:
        """Find jobs of a queue by name."""
        validate_parameters(request, self._model.operation_model("ListJobs").input_shape)
        if self.pages:
            return self.pages.pop(0)
        if "arrayJobId" in request:
            return self._children(
                request["arrayJobId"], request["jobStatus"], int(request.get("nextToken", 0))
            )
        wanted = [value.lower() for value in request["filters"][0]["values"]]
        jobs = [
            job
            for job in self.jobs.values()
            if job["jobQueue"] == request["jobQueue"] and job["jobName"].lower() in wanted
        ]
        return {"jobSummaryList": jobs}

    def _children(self, job_id: str, state: str, start: int) -> dict[str, Any]:
        """List children two on a page; a job without any is one that AWS Batch has forgotten."""
        if job_id not in self.children:
            raise refused("ClientException", f"Job {job_id} does not exist")
        found = self.children[job_id].get(state, [])
        more = {"nextToken": str(start + 2)} if len(found) > start + 2 else {}
        return {
            "jobSummaryList": [{"arrayProperties": {"index": index}} for index in found[start : start + 2]],
            **more,
        }

    def describe_jobs(self, **request: Any) -> dict[str, Any]:
        """Describe jobs and children that a test has said something about."""
        validate_parameters(request, self._model.operation_model("DescribeJobs").input_shape)
        return {
            "jobs": [
                {"jobId": job_id, **self.jobs.get(job_id, {}), **self.details.get(job_id, {})}
                for job_id in request["jobs"]
                if job_id in self.details or job_id in self.jobs
            ]
        }

    def describe_job_queues(self, **request: Any) -> dict[str, Any]:
        """Describe queues, each before the environments of ``environments``."""
        validate_parameters(request, self._model.operation_model("DescribeJobQueues").input_shape)
        order = [
            {"order": number, "computeEnvironment": name} for number, name in enumerate(self.environments)
        ]
        return {
            "jobQueues": [
                {"jobQueueArn": queue, "computeEnvironmentOrder": order} for queue in request["jobQueues"]
            ]
        }

    def describe_compute_environments(self, **request: Any) -> dict[str, Any]:
        """Describe environments."""
        validate_parameters(request, self._model.operation_model("DescribeComputeEnvironments").input_shape)
        return {"computeEnvironments": [self.environments[name] for name in request["computeEnvironments"]]}

    def names(self) -> list[str]:
        """Return the steps that were submitted, sorted."""
        return sorted(job["jobName"].split("_")[1] for job in self.jobs.values())


class CrashedError(Exception):
    """The Lambda was killed."""


class CrashingClient:
    """Hands calls to clients until the last one that it lives for; then every call fails, as when a process
    has died.
    """

    def __init__(self, lives_for: int) -> None:
        """Live for so many calls; the answer of the last is lost."""
        self.left = lives_for
        self.calls: list[str] = []

    def wrap(self, client: Any) -> Any:
        """Return a client whose calls count."""
        return _Counted(client, self)

    def call(self, name: str, function: Callable[..., Any], **parameters: Any) -> Any:
        """Make a call, if still alive."""
        if self.left <= 0:
            raise CrashedError(name)
        self.left -= 1
        self.calls.append(name)
        answer = function(**parameters)
        if self.left == 0:
            raise CrashedError(name)
        return answer


class _Counted:
    def __init__(self, client: Any, crashing: CrashingClient) -> None:
        self._client, self._mortal = client, crashing

    def __getattr__(self, name: str) -> Callable[..., Any]:
        return lambda **parameters: self._mortal.call(name, getattr(self._client, name), **parameters)


class Harness:
    """A ledger, a Batch, a clock and what was told; makes advancers that share them."""

    def __init__(self, client: Any) -> None:
        """Begin at START with nothing submitted."""
        self.client, self.batch, self.now = client, Batch(), START
        self.ledger = Ledger(client, TABLE)
        self.notified: list[RunFailed] = []
        self.ends: list[RunState] = []
        self.changes: list[RunChanged] = []

    def advancer(self, crashing: CrashingClient | None = None, *, starting: bool = False) -> Advancer:
        """Return an advancer, whose calls may end early; with ``starting`` that of a start job."""
        wrap = crashing.wrap if crashing else lambda client: client
        tell = self.notified.append

        def told(message: RunFailed) -> None:
            if crashing:
                crashing.call("notify_failed", lambda: tell(message))
            else:
                tell(message)

        def changed(message: RunChanged) -> None:
            if crashing:
                crashing.call("changed", lambda: self.changes.append(message))
            else:
                self.changes.append(message)

        return Advancer(
            ledger=Ledger(wrap(self.client), TABLE),
            batch=lambda: wrap(self.batch),
            queues=QUEUES,
            notify_failed=told,
            on_end=lambda state, _: self.ends.append(state),
            on_change=changed,
            is_start_job=starting,
            now=lambda: self.now,
            sleep=lambda seconds: None,
        )

    def later(self, seconds: float) -> None:
        """Let time pass."""
        self.now += timedelta(seconds=seconds)
