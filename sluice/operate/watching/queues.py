"""Reads job queues with their compute environments, and what stands at the front of a queue."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from sluice.operate.clients import Answer


class QueueReader(Protocol):
    """A client of AWS Batch that reads queues."""

    def describe_job_queues(self, **request: Any) -> Answer:
        """Return queues."""
        ...

    def describe_compute_environments(self, **request: Any) -> Answer:
        """Return compute environments."""
        ...

    def get_job_queue_snapshot(self, **request: Any) -> Answer:
        """Return the first hundred runnable jobs of a queue."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvironmentState:
    """A compute environment as AWS Batch describes it."""

    name: str
    state: str
    status: str
    reason: str | None
    vcpus: int | None
    max_vcpus: int | None

    @property
    def is_open(self) -> bool:
        """Return whether it takes jobs."""
        return self.state == "ENABLED" and self.status == "VALID"

    @property
    def is_closed(self) -> bool:
        """Return whether it takes none until a person does something; one that is being updated will."""
        return self.state == "DISABLED" or self.status == "INVALID"


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueState:
    """A job queue with its environments in their order."""

    arn: str
    name: str
    state: str
    status: str
    environments: tuple[EnvironmentState, ...]

    @property
    def starts_nothing(self) -> bool:
        """Return whether no job of it can start, whatever becomes free."""
        are_closed = [one.is_closed for one in self.environments]
        return self.state == "DISABLED" or (bool(are_closed) and all(are_closed))


def read_queues(batch: QueueReader, arns: Sequence[str]) -> list[QueueState]:
    """Return queues with their environments: two calls."""
    if not arns:
        return []
    queues = batch.describe_job_queues(jobQueues=list(arns))["jobQueues"]
    orders = {queue["jobQueueArn"]: _order(queue) for queue in queues}
    wanted = sorted({arn for order in orders.values() for arn in order})
    found = (
        batch.describe_compute_environments(computeEnvironments=wanted)["computeEnvironments"]
        if wanted
        else []
    )
    by_arn = {one["computeEnvironmentArn"]: _environment(one) for one in found}
    return [
        QueueState(
            arn=queue["jobQueueArn"],
            name=queue["jobQueueName"],
            state=queue["state"],
            status=queue.get("status", ""),
            environments=tuple(by_arn[arn] for arn in orders[queue["jobQueueArn"]] if arn in by_arn),
        )
        for queue in queues
    ]


def front_of(batch: QueueReader, queue: str) -> list[str]:
    """Return the ids of the first runnable jobs of a queue, at most a hundred.

    https://docs.aws.amazon.com/batch/latest/APIReference/API_GetJobQueueSnapshot.html
    """
    front = batch.get_job_queue_snapshot(jobQueue=queue).get("frontOfQueue") or {}
    return [str(one["jobArn"]).rpartition("/")[2] for one in front.get("jobs") or ()]


def _order(queue: Mapping[str, Any]) -> list[str]:
    order = sorted(queue.get("computeEnvironmentOrder") or (), key=lambda one: int(one["order"]))
    return [str(one["computeEnvironment"]) for one in order]


def _environment(one: Mapping[str, Any]) -> EnvironmentState:
    resources = one.get("computeResources") or {}
    return EnvironmentState(
        name=one["computeEnvironmentName"],
        state=one.get("state", ""),
        status=one.get("status", ""),
        reason=one.get("statusReason") or None,
        vcpus=resources.get("desiredvCpus"),
        max_vcpus=resources.get("maxvCpus"),
    )
