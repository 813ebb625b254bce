"""AWS Batch in memory: jobs run one after another, in the order of their submission, by Batch's rules of
dependencies and retries.

What the rules are: https://docs.aws.amazon.com/batch/latest/userguide/job_dependencies.html and
.../job_retries.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from scheduler.reasons import CHILD_FAILED, DEPENDENCY_FAILED
from scheduler.retry import Outcome, is_retried
from scheduler.spec import Retry
from sluice.aws.batch_jobs import ENDED

_SUBMITTED, _SUCCEEDED, _FAILED = "SUBMITTED", "SUCCEEDED", "FAILED"
_EPOCH_MS = 1_700_000_000_000
Request = Mapping[str, Any]


@dataclass(slots=True)
class Child:
    """A child of an array, or a job that is none."""

    index: int
    status: str = _SUBMITTED
    reason: str = ""
    attempts: list[Outcome] = field(default_factory=list)

    def describe(self) -> dict[str, Any]:
        """Return what DescribeJobs says of it."""
        attempts = [_attempt(one) for one in self.attempts]
        last: Request = attempts[-1] if attempts else {}
        container = {"container": last["container"]} if last else {}
        return {"status": self.status, "statusReason": self.reason, "attempts": attempts, **container}


@dataclass(slots=True)
class BatchJob:
    """A job, and the children that it has; a job that is no array has one."""

    job_id: str
    request: Request
    number: int
    children: list[Child]

    @property
    def is_array(self) -> bool:
        """Return whether it is an array."""
        return "arrayProperties" in self.request

    @property
    def status(self) -> str:
        """Return its status."""
        states = {child.status for child in self.children}
        if _SUBMITTED in states:
            return _SUBMITTED
        return _FAILED if _FAILED in states else _SUCCEEDED

    def describe(self) -> dict[str, Any]:
        """Return what DescribeJobs says of it."""
        named = {
            "jobId": self.job_id,
            "jobName": self.request["jobName"],
            "jobQueue": self.request["jobQueue"],
            "createdAt": _EPOCH_MS + self.number,
            "dependsOn": list(self.request.get("dependsOn", ())),
        }
        if not self.is_array:
            return {**named, **self.children[0].describe()}
        counts = {state: self._count(state) for state in ENDED}
        array = {"size": len(self.children), "statusSummary": counts}
        reason = CHILD_FAILED if self.status == _FAILED else ""
        return {**named, "status": self.status, "statusReason": reason, "arrayProperties": array}

    def describe_child(self, index: int) -> dict[str, Any]:
        """Return what DescribeJobs says of a child."""
        child = self.children[index].describe()
        return {"jobId": f"{self.job_id}:{index}", "arrayProperties": {"index": index}, **child}

    def _count(self, state: str) -> int:
        return sum(child.status == state for child in self.children)


class Batch:
    """The calls of a low-level client that advance a run; ``retries`` are the rules of each job
    definition.
    """

    def __init__(self, retries: Mapping[str, Retry]) -> None:
        self.jobs: dict[str, BatchJob] = {}
        self._retries = retries

    def submit_job(self, **request: Any) -> dict[str, str]:
        """Take a job."""
        number = len(self.jobs) + 1
        job_id = f"{number:08d}-0000-4000-8000-000000000000"
        size = request.get("arrayProperties", {}).get("size", 1)
        children = [Child(index) for index in range(size)]
        self.jobs[job_id] = BatchJob(job_id, request, number, children)
        return {"jobId": job_id, "jobName": request["jobName"]}

    def describe_jobs(self, **request: Any) -> dict[str, Any]:
        """Describe jobs and children; nothing is said of those that there are not."""
        found = []
        for job_id in request["jobs"]:
            whole, _, index = job_id.partition(":")
            if whole in self.jobs:
                job = self.jobs[whole]
                found.append(job.describe_child(int(index)) if index else job.describe())
        return {"jobs": found}

    def list_jobs(self, **request: Any) -> dict[str, Any]:
        """List the children of an array in a state, or the jobs of a queue with a name."""
        if "arrayJobId" in request:
            job = self.jobs[request["arrayJobId"]]
            wanted = request["jobStatus"]
            found = [job.describe_child(child.index) for child in job.children if child.status == wanted]
            return {"jobSummaryList": found}
        names = request["filters"][0]["values"]
        return {"jobSummaryList": [job.describe() for job in self.jobs.values() if _is(job, names)]}

    def next_ready(self) -> BatchJob | None:
        """Return the first job that has not ended and waits for none that has not."""
        waiting = (job for job in self.jobs.values() if job.status == _SUBMITTED)
        return next((job for job in waiting if all(self._has_ended(one) for one in _parents(job))), None)

    def run(self, job: BatchJob, start: Callable[[BatchJob, int, int], Outcome]) -> None:
        """Run a job to its end; ``start`` makes attempt n, from 1, of a child."""
        retry = self._retries[job.request["jobDefinition"]]
        for child in job.children:
            if self._is_blocked(job, child.index):
                child.status, child.reason = _FAILED, DEPENDENCY_FAILED
            else:
                _run(job, child, retry, start)

    def _has_ended(self, dependency: Request) -> bool:
        return self.jobs[dependency["jobId"]].status in ENDED

    def _is_blocked(self, job: BatchJob, index: int) -> bool:
        """Return whether something that a child waits for has failed."""
        states = [self._state(dependency, index) for dependency in _parents(job)]
        if {"type": "SEQUENTIAL"} in job.request.get("dependsOn", ()) and index:
            states.append(job.children[index - 1].status)
        return _FAILED in states

    def _state(self, dependency: Request, index: int) -> str:
        parent = self.jobs[dependency["jobId"]]
        return parent.children[index].status if dependency.get("type") == "N_TO_N" else parent.status


def _run(job: BatchJob, child: Child, retry: Retry, start: Callable[[BatchJob, int, int], Outcome]) -> None:
    while True:
        outcome = start(job, child.index, len(child.attempts) + 1)
        child.attempts.append(outcome)
        child.reason = outcome.status_reason or ""
        if outcome.exit_code == 0:
            child.status = _SUCCEEDED
            return
        if not is_retried(retry, len(child.attempts), outcome):
            child.status = _FAILED
            return


def _parents(job: BatchJob) -> Iterator[Request]:
    return (one for one in job.request.get("dependsOn", ()) if "jobId" in one)


def _is(job: BatchJob, names: list[str]) -> bool:
    return any(job.request["jobName"].lower() == name.lower() for name in names)


def _attempt(outcome: Outcome) -> dict[str, Any]:
    container: dict[str, Any] = {"reason": outcome.reason or ""}
    if outcome.exit_code is not None:
        container["exitCode"] = outcome.exit_code
    return {"container": container, "statusReason": outcome.status_reason or ""}
