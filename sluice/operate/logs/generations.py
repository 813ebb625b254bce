"""Finds the job of any generation of a step, and the children of the step that it worked on: the job's name
and its environment have both.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from sluice.aws.batch_jobs import BatchReader, Job, jobs_by_id, list_jobs_by_name
from sluice.operate.errors import OperationError
from sluice.run import child_ranges
from sluice.run.child_environment import CHILDREN
from sluice.run.job_names import JobName
from sluice.run.state import StepRecord


@dataclass(frozen=True, slots=True)
class Generation:
    """The job of one generation; ``children`` are those that it works on, by their numbers in the whole
    step.
    """

    number: int
    job_id: str
    children: tuple[int, ...]

    def id_of(self, child: int) -> str:
        """Return the id of a child's job: of the array's child, or of the one job that a single child is."""
        return f"{self.job_id}:{self.children.index(child)}" if len(self.children) > 1 else self.job_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Generations:
    """The generations of a step that has a job; ``queues`` are the ARNs of all job queues."""

    batch: BatchReader
    queues: Collection[str]
    run_id: str
    record: StepRecord

    def find(self, number: int | None, child: int | None) -> Generation:
        """Return the generation of this number, or the last one that worked on a child, or else the newest.

        Raises OperationError when there is none, or when AWS Batch has forgotten it.
        """
        if number is not None:
            return self._numbered(number, child)
        if child is None or child >= self.record.children:
            return self.newest
        return self._last_with(child)

    @property
    def newest(self) -> Generation:
        """Return the generation that the ledger names."""
        return Generation(self.record.generation, str(self.record.job_id), self.record.indexes)

    def _numbered(self, number: int, child: int | None) -> Generation:
        if number > self.record.generation:
            raise OperationError(
                f"{self.record.name}: expected one of its generations, 0 to {self.record.generation}, found"
                f" {number}."
            )
        found = self._read(number)
        exists = child is not None and child < self.record.children
        if exists and child not in found.children:
            raise OperationError(
                f"{self.record.name}: expected a child that generation {number} worked on,"
                f" {child_ranges.to_text(found.children)}, found {child}."
            )
        return found

    def _last_with(self, child: int) -> Generation:
        for number in range(self.record.generation, -1, -1):
            found = self._read(number)
            if child in found.children:
                return found
        raise OperationError(
            f"{self.record.name}: expected a generation that worked on child {child}, found none."
        )

    def _read(self, number: int) -> Generation:
        if number == self.record.generation:
            return self.newest
        name = str(JobName(self.run_id, self.record.name, number))
        for queue in sorted(set(self.queues)):
            for listed in list_jobs_by_name(self.batch, queue, name):
                job = jobs_by_id(self.batch, [listed["jobId"]])[listed["jobId"]]
                return Generation(number, listed["jobId"], _children(self.record, number, job))
        raise OperationError(
            f"Expected the job {name}, found none: AWS Batch forgets a job 7 days or more after its end. Its"
            " lines are in CloudWatch Logs for as long as the app was configured to keep them."
        )


def _children(record: StepRecord, number: int, job: Job) -> tuple[int, ...]:
    variables = (job.get("container") or {}).get("environment") or []
    environment = {one["name"]: one.get("value", "") for one in variables}
    if CHILDREN in environment:
        return child_ranges.from_text(environment[CHILDREN])
    size = int((job.get("arrayProperties") or {}).get("size", 1))
    if size != record.children:
        raise OperationError(
            f"{record.name}: generation {number} worked on {size} of {record.children} children, more than"
            " its job's environment can list. Read its children with `aws batch list-jobs --array-job-id"
            f" {job['jobId']} --job-status FAILED`."
        )
    return tuple(range(size))
