"""AWS's own documented examples, which botocore brings along, played against the engine.

They are those of https://docs.aws.amazon.com/batch/latest/APIReference/API_Operations.html.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.loaders import Loader

from local.batch.api.limits import Limits
from local.batch.engine import Engine
from tests.local.batch.conftest import EC2, HandExecutor, client_of, wait_for

_EXAMPLES: dict[str, list[dict[str, Any]]] = Loader().load_service_model("batch", "examples-1")["examples"]
_CASES = [(operation, example) for operation, examples in _EXAMPLES.items() for example in examples]
_SLEEP = [{"type": "MEMORY", "value": "128"}, {"type": "VCPU", "value": "1"}]
# The examples are of different moments and accounts.
_DIFFER = {
    "jobId",
    "createdAt",
    "startedAt",
    "stoppedAt",
    "taskArn",
    "containerInstanceArn",
    "statusReason",
    "exitCode",
}


@pytest.fixture
def batch() -> Iterator[Any]:
    """A client of an engine that has what the examples take for granted."""
    with Engine(
        account="012345678910", limits=Limits(submits_a_second=None), executor=HandExecutor()
    ) as engine:
        client = client_of(engine)
        p2 = {**EC2, "instanceTypes": ["p2"], "minvCpus": 0, "maxvCpus": 128, "desiredvCpus": 48}
        for name in ("P2OnDemand", "C4OnDemand", "M4Spot"):
            client.create_compute_environment(
                computeEnvironmentName=name, type="MANAGED", computeResources=p2
            )
        order = [{"order": 1, "computeEnvironment": "C4OnDemand"}]
        for name in ("HighPriority", "GPGPU"):
            client.create_job_queue(jobQueueName=name, priority=1, computeEnvironmentOrder=order)
        container = {"image": "busybox", "command": ["sleep", "60"], "resourceRequirements": _SLEEP}
        client.register_job_definition(
            jobDefinitionName="sleep60", type="container", containerProperties=container
        )
        yield client


def prepare(batch: Any, operation: str, request: dict[str, Any]) -> dict[str, Any]:
    """Bring about what an example takes for granted; the request, of the job that there is."""
    if operation.startswith("Create"):
        _make_room(batch, request)
    if operation == "DeleteComputeEnvironment":
        batch.update_compute_environment(computeEnvironment="P2OnDemand", state="DISABLED")
    if operation == "DeleteJobQueue":
        batch.update_job_queue(jobQueue="GPGPU", state="DISABLED")
    if "jobDefinition" in request and request["jobDefinition"] == "sleep10":
        _define(batch, "sleep10")
    if "resourceArn" in request:
        _define(batch, "sleep30", {"Department": "Engineering", "Stage": "Alpha", "User": "JaneDoe"})
        return {**request, "resourceArn": request["resourceArn"].replace("123456789012", "012345678910")}
    if operation in ("CancelJob", "TerminateJob", "DescribeJobs"):
        job = batch.submit_job(jobName="example", jobQueue="HighPriority", jobDefinition="sleep60")["jobId"]
        return {**request, **({"jobs": [job]} if "jobs" in request else {"jobId": job})}
    if operation == "ListJobs":
        job = batch.submit_job(jobName="example", jobQueue="HighPriority", jobDefinition="sleep60")["jobId"]
        wait_for(lambda: batch.describe_jobs(jobs=[job])["jobs"][0]["status"] == "RUNNING")
    return request


def _make_room(batch: Any, request: dict[str, Any]) -> None:
    if request.get("jobQueueName") == "HighPriority" or "computeEnvironmentName" in request:
        for name in ("HighPriority", "GPGPU"):
            batch.update_job_queue(jobQueue=name, state="DISABLED")
            batch.delete_job_queue(jobQueue=name)
    if "computeEnvironmentName" in request:
        batch.update_compute_environment(
            computeEnvironment=request["computeEnvironmentName"], state="DISABLED"
        )
        batch.delete_compute_environment(computeEnvironment=request["computeEnvironmentName"])


def _define(batch: Any, name: str, tags: dict[str, str] | None = None) -> None:
    container = {"image": "busybox", "resourceRequirements": _SLEEP}
    more = {"tags": tags} if tags else {}
    batch.register_job_definition(
        jobDefinitionName=name, type="container", containerProperties=container, **more
    )


def differences(documented: Any, answer: Any, path: str = "") -> list[str]:
    """Where an answer lacks or contradicts what is documented."""
    if isinstance(documented, dict):
        return list(_differing_members(documented, answer, path))
    if isinstance(documented, list):
        return list(_differing_items(documented, answer, path))
    return [] if documented == answer else [f"{path} is {answer!r} instead of {documented!r}"]


def _differing_members(documented: dict[str, Any], answer: dict[str, Any], path: str) -> Iterator[str]:
    for name in documented.keys() - _DIFFER:
        if name in answer:
            yield from differences(documented[name], answer[name], f"{path}.{name}")
        else:
            yield f"{path}.{name} is missing"


def _differing_items(documented: list[Any], answer: list[Any], path: str) -> Iterator[str]:
    if len(documented) != len(answer):
        yield f"{path} has {len(answer)} items instead of {len(documented)}"
        return
    for each, other in zip(documented, answer, strict=True):
        yield from differences(each, other, f"{path}[]")


@pytest.mark.parametrize(("operation", "example"), _CASES, ids=[str(example["id"]) for _, example in _CASES])
def test_a_documented_example(batch: Any, operation: str, example: dict[str, Any]) -> None:
    """The documented request is accepted, and the answer has what the documented one has."""
    request = prepare(batch, operation, example["input"])
    call = getattr(batch, re.sub(r"(?<!^)(?=[A-Z])", "_", operation).lower())
    answer = call(**request)
    if operation not in ("DescribeComputeEnvironments", "DescribeJobs", "ListJobs"):
        assert differences(example["output"], answer) == []
    elif request.get("jobStatus") == "SUBMITTED":
        # No job stays SUBMITTED here: the scheduler looks at it at once.
        assert answer["jobSummaryList"] == []
    else:
        # These show somebody's resources of 2016: what counts is which members they have.
        (listed,) = [value for value in answer.values() if isinstance(value, list)]
        (shown,) = example["output"].values()
        assert set(shown[0]) - {"statusReason", "stoppedAt", "startedAt"} <= set(listed[0])
