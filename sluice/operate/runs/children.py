"""Reads how the children of a step ended: their states, attempts, exit codes and reasons."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice

from sluice.advance.batch_events import failure_reason
from sluice.aws.batch_jobs import BatchReader, Job, describe_jobs, list_jobs
from sluice.run.state import StepRecord

MAX_CHILDREN = 100
"""So many failed children are described: one call."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChildView:
    """A failed child, by its number in the whole step: 0 for a single job."""

    child: int
    attempts: int
    exit_code: int | None
    seconds: float | None
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Children:
    """The children of a step's last job: how many are in each state, and the first that failed."""

    job_id: str
    states: Mapping[str, int]
    failed: tuple[ChildView, ...]

    @property
    def more(self) -> int:
        """Return how many more have failed."""
        return self.states.get("FAILED", 0) - len(self.failed)


def read_children(batch: BatchReader, record: StepRecord) -> Children | None:
    """Return the children of a step; None for one without a job, and for a job that AWS Batch has
    forgotten.
    """
    jobs = list(describe_jobs(batch, [record.job_id])) if record.job_id else []
    if not jobs:
        return None
    (job,) = jobs
    array: Mapping[str, Mapping[str, int]] = job.get("arrayProperties") or {}
    if not array.get("size"):
        failed = (_view(job, record.indexes[0]),) if job["status"] == "FAILED" else ()
        return Children(job_id=job["jobId"], states={job["status"]: 1}, failed=failed)
    states = {state: count for state, count in (array.get("statusSummary") or {}).items() if count}
    return Children(job_id=job["jobId"], states=states, failed=_failed(batch, record, job))


def _failed(batch: BatchReader, record: StepRecord, job: Job) -> tuple[ChildView, ...]:
    listed = list_jobs(batch, arrayJobId=job["jobId"], jobStatus="FAILED")
    numbers = {one["jobId"]: one["arrayProperties"]["index"] for one in islice(listed, MAX_CHILDREN)}
    described = describe_jobs(batch, list(numbers))
    views = [_view(one, record.indexes[numbers[one["jobId"]]]) for one in described]
    return tuple(sorted(views, key=lambda view: view.child))


def _view(job: Job, child: int) -> ChildView:
    attempts = job.get("attempts") or []
    container = job.get("container") or (attempts[-1].get("container") if attempts else None) or {}
    started, stopped = job.get("startedAt"), job.get("stoppedAt")
    return ChildView(
        child=child,
        attempts=len(attempts),
        exit_code=container.get("exitCode"),
        seconds=(stopped - started) / 1000 if started and stopped else None,
        reason=failure_reason(job),
    )
