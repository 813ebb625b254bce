"""Reads jobs from AWS Batch, and terminates them: whole listings, and as many at once as a call takes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Protocol

from sluice.limits import MAX_DESCRIBE_JOBS

# https://docs.aws.amazon.com/batch/latest/APIReference/API_TerminateJobs.html
MAX_TERMINATE_JOBS = 50

Job = Mapping[str, Any]
"""A job as DescribeJobs or ListJobs returns it."""
ENDED = ("SUCCEEDED", "FAILED")
"""The states of a job that has ended."""


class JobLister(Protocol):
    """The call of a Batch client that lists jobs."""

    def list_jobs(self, **request: Any) -> Mapping[str, Any]:
        """Call ListJobs."""


class BatchReader(JobLister, Protocol):
    """The calls of a Batch client that read jobs."""

    def describe_jobs(self, **request: Any) -> Mapping[str, Any]:
        """Call DescribeJobs."""


class BatchTerminator(Protocol):
    """The call of a Batch client that ends jobs."""

    def terminate_jobs(self, **request: Any) -> Mapping[str, Any]:
        """Call TerminateJobs."""


def list_jobs(batch: JobLister, **request: Any) -> Iterator[Job]:
    """Yield the summaries of all jobs that match a request of ListJobs, on all its pages.

    A page can be empty and not the last one: filters are applied after a page was read. Source:
    https://docs.aws.amazon.com/batch/latest/APIReference/API_ListJobs.html
    """
    token: dict[str, str] = {}
    while True:
        page = batch.list_jobs(**request, **token)
        yield from page["jobSummaryList"]
        if not page.get("nextToken"):
            return
        token = {"nextToken": page["nextToken"]}


def list_jobs_by_name(batch: JobLister, queue: str, name: str) -> Iterator[Job]:
    """Yield the jobs of a queue in any state whose names match, whatever the case of the letters; a name that
    ends in ``*`` matches every name that begins so.

    Source: https://docs.aws.amazon.com/batch/latest/APIReference/API_ListJobs.html (filters)
    """
    yield from list_jobs(batch, jobQueue=queue, filters=[{"name": "JOB_NAME", "values": [name]}])


def describe_jobs(batch: BatchReader, job_ids: Sequence[str]) -> Iterator[Job]:
    """Yield what Batch knows of these jobs, a hundred a call; nothing of those that it has forgotten."""
    for group in _groups(job_ids, MAX_DESCRIBE_JOBS):
        yield from batch.describe_jobs(jobs=group)["jobs"]


def jobs_by_id(batch: BatchReader, job_ids: Sequence[str]) -> dict[str, Job]:
    """Return what Batch knows of these jobs by their ids, without those that it has forgotten."""
    return {job["jobId"]: job for job in describe_jobs(batch, job_ids)}


def terminate_jobs(batch: BatchTerminator, job_ids: Iterable[str], reason: str) -> dict[str, str]:
    """End jobs, 50 a call; return why those were not ended that could not be, by their ids.

    Batch counts a job that it does not find as ended. The IAM action for many is that for one,
    ``batch:TerminateJob``. Source: https://docs.aws.amazon.com/batch/latest/APIReference/API_TerminateJobs.html
    """
    refused: dict[str, str] = {}
    for group in _groups(list(job_ids), MAX_TERMINATE_JOBS):
        answer = batch.terminate_jobs(jobs=group, reason=reason)
        errors = answer.get("errors") or []
        refused |= {error["job"]: f"{error.get('code')}: {error.get('message')}" for error in errors}
    return refused


def _groups(job_ids: Sequence[str], size: int) -> Iterator[list[str]]:
    for start in range(0, len(job_ids), size):
        yield list(job_ids[start : start + size])
