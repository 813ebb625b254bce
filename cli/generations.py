"""Finds the job of any generation of a step, and which children of the step it worked on: its name and its
variables say so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cli.cloud import Cloud
from cli.failures import CommandError
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


def generation_of(
    cloud: Cloud, run_id: str, record: StepRecord, number: int | None, child: int | None
) -> Generation:
    """Return a generation: that of this number, or the last one that worked on a child, or else the newest.

    Raises CommandError where there is none, or AWS Batch has forgotten it.
    """
    if number is not None and number > record.generation:
        raise CommandError(
            f"{record.name}: expected one of its generations, 0 to {record.generation}, found {number}."
        )
    newest = Generation(record.generation, str(record.job_id), record.indexes)
    if number is None and (child is None or child in newest.children or child >= record.children):
        return newest
    for one in [number] if number is not None else range(record.generation - 1, -1, -1):
        found = newest if one == newest.number else _by_name(cloud, run_id, record, one)
        if number is None and child not in found.children:
            continue
        if child is not None and child < record.children and child not in found.children:
            worked = child_ranges.to_text(found.children)
            raise CommandError(
                f"{record.name}: expected a child that generation {one} worked on, {worked}, found {child}."
            )
        return found
    raise CommandError(f"{record.name}: expected a generation that worked on child {child}, found none.")


def _by_name(cloud: Cloud, run_id: str, record: StepRecord, number: int) -> Generation:
    """Return an earlier generation. With a filter by name ListJobs knows all states.

    Source: https://docs.aws.amazon.com/batch/latest/APIReference/API_ListJobs.html
    """
    batch, name = cloud.client("batch"), str(JobName(run_id, record.name, number))
    asked = [{"name": "JOB_NAME", "values": [name]}]
    for queue in sorted(set(cloud.queues.values())):
        for listed in batch.list_jobs(jobQueue=queue, filters=asked)["jobSummaryList"]:
            (job,) = batch.describe_jobs(jobs=[listed["jobId"]])["jobs"]
            return Generation(number, listed["jobId"], _children(record, number, job))
    raise CommandError(
        f"Expected the job {name}, found none: AWS Batch forgets a job 7 days or more after its end. "
        "Its lines are in CloudWatch Logs for as long as the app was told to keep them."
    )


def _children(record: StepRecord, number: int, job: Mapping[str, Any]) -> tuple[int, ...]:
    environment = {
        one["name"]: one.get("value", "") for one in (job.get("container") or {}).get("environment") or []
    }
    if CHILDREN in environment:
        return child_ranges.from_text(environment[CHILDREN])
    size = int((job.get("arrayProperties") or {}).get("size", 1))
    if size != record.children:
        raise CommandError(
            f"{record.name}: generation {number} worked on {size} of {record.children} children, more than"
            " its job could be told of. Look at its children with `aws batch list-jobs --array-job-id"
            f" {job['jobId']} --job-status FAILED`."
        )
    return tuple(range(size))
