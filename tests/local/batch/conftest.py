"""Engines for tests: one whose jobs end when a test says so, one that runs real processes."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.compat import HTTPHeaders
from botocore.config import Config

from local.batch.api.http import handle
from local.batch.api.limits import Limits
from local.batch.engine import Engine
from local.batch.ports import LogLine, Task
from scheduler.retry import Outcome

QUICK = Limits(timeout_min_seconds=0.05, submits_a_second=None, state_limit_seconds=(0.05, 86_400))


class HandExecutor:
    """Starts nothing: a test ends each task by hand; what is stopped ends with 143."""

    def __init__(self) -> None:
        self.tasks: list[Task] = []
        self._ended: dict[str, Callable[[Outcome], None]] = {}

    def start(self, task: Task, ended: Callable[[Outcome], None]) -> Callable[[], None]:
        """Take a task."""
        self._ended[task.id] = ended
        self.tasks.append(task)
        return lambda: ended(Outcome(143))

    def end(self, code: int, place: int = -1) -> None:
        """End the task at a place in the order of their starts."""
        self._ended[self.tasks[place].id](Outcome(code))

    def end_job(self, code: int, job_id: str) -> None:
        """End the task of a job or child, in whatever order they were started."""
        (task,) = (each for each in self.tasks if each.environment["AWS_BATCH_JOB_ID"] == job_id)
        self._ended[task.id](Outcome(code))

    def close(self) -> None:
        """Nothing runs."""


class Raw:
    """A body as urllib3 gives it to botocore."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    def stream(self, **_: object) -> Iterator[bytes]:
        """The body in one piece."""
        yield self._body


def client_of(engine: Engine) -> Any:
    """A boto3 client whose requests go to the engine's HTTP handler without a network."""
    client: Any = boto3.client(
        "batch",
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        endpoint_url="http://batch.invalid",
        config=Config(retries={"max_attempts": 0}),
    )

    def send(request: AWSPreparedRequest, **_: object) -> AWSResponse:
        path = request.url.removeprefix("http://batch.invalid")
        body = request.body or b""
        assert isinstance(body, bytes)
        status, headers, answer = handle(engine.api, request.method, path, body)
        return AWSResponse(request.url, status, HTTPHeaders.from_dict(headers), Raw(answer))

    client.meta.events.register("before-send.batch", send)
    return client


class Desk:
    """An engine with one environment, one queue and one definition, a boto3 client, and what it
    published.
    """

    def __init__(
        self, engine: Engine, events: list[dict[str, Any]], lines: list[tuple[str, str, str]]
    ) -> None:
        self.engine = engine
        self.events = events
        self.lines = lines
        self.batch = client_of(engine)
        self.batch.create_compute_environment(
            computeEnvironmentName="ce", type="MANAGED", computeResources=EC2, tags={"team": "a"}
        )
        order = [{"order": 1, "computeEnvironment": "ce"}]
        self.batch.create_job_queue(jobQueueName="q", priority=1, computeEnvironmentOrder=order)
        self.define("work", ["true"])

    def define(self, name: str, command: list[str], **more: Any) -> str:
        """Register a definition; the ARN."""
        container = {"image": "some/image", "command": command, "resourceRequirements": ONE_CPU}
        container.update(more.pop("container", {}))
        answer = self.batch.register_job_definition(
            jobDefinitionName=name, type="container", containerProperties=container, **more
        )
        return str(answer["jobDefinitionArn"])

    def submit(self, name: str = "job", definition: str = "work", **more: Any) -> str:
        """Submit a job; its id."""
        queue = more.pop("jobQueue", "q")
        return str(
            self.batch.submit_job(jobName=name, jobQueue=queue, jobDefinition=definition, **more)["jobId"]
        )

    def job(self, job_id: str) -> dict[str, Any]:
        """A job as DescribeJobs has it."""
        found: dict[str, Any] = self.batch.describe_jobs(jobs=[job_id])["jobs"][0]
        return found

    def until(self, job_id: str, *states: str) -> dict[str, Any]:
        """Wait until a job is in one of the states."""
        wait_for(
            lambda: self.job(job_id)["status"] in states, f"{job_id} in {states}, but {self.job(job_id)}"
        )
        return self.job(job_id)


EC2 = {
    "type": "EC2",
    "allocationStrategy": "BEST_FIT_PROGRESSIVE",
    "minvCpus": 0,
    "maxvCpus": 16,
    "instanceTypes": ["optimal"],
    "instanceRole": "ecsInstanceRole",
    "subnets": ["subnet-1"],
    "securityGroupIds": ["sg-1"],
}
ONE_CPU = [{"type": "VCPU", "value": "1"}, {"type": "MEMORY", "value": "512"}]


def wait_for(condition: Callable[[], bool], what: str = "the condition", seconds: float = 120) -> None:
    """Wait until a condition holds; AssertionError after the deadline, which no machine needs."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"Waited {seconds} s for {what}"
        time.sleep(0.002)


def _desk(limits: Limits, **more: Any) -> Iterator[Desk]:
    events: list[dict[str, Any]] = []
    lines: list[tuple[str, str, str]] = []

    def log(group: str, stream: str, written: Any) -> None:
        lines.extend((group, stream, line.text) for line in written if isinstance(line, LogLine))

    with Engine(limits=limits, events=events.append, logs=log, max_concurrency=4, **more) as engine:
        yield Desk(engine, events, lines)


@pytest.fixture
def hand() -> HandExecutor:
    """The executor of `desk`."""
    return HandExecutor()


@pytest.fixture
def desk(hand: HandExecutor) -> Iterator[Desk]:
    """An engine whose jobs end when the test says so, with AWS's limits."""
    yield from _desk(Limits(submits_a_second=None), executor=hand)


@pytest.fixture
def live() -> Iterator[Desk]:
    """An engine that runs real processes, with limits that allow short times."""
    yield from _desk(QUICK)
