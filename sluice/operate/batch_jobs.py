"""Reads jobs of AWS Batch: by their ids, by their names, and the failed children of an array."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sluice.limits import MAX_DESCRIBE_JOBS
from sluice.operate.clients import BatchReader

Job = Mapping[str, Any]
"""A job as DescribeJobs or ListJobs returns it."""
ENDED = ("SUCCEEDED", "FAILED")
_MAX_FAILED_CHILDREN = 10


def describe(batch: BatchReader, job_ids: Sequence[str]) -> dict[str, Job]:
    """Return jobs by their ids, one call for each 100; AWS Batch leaves out those that it has forgotten."""
    found: dict[str, Job] = {}
    for start in range(0, len(job_ids), MAX_DESCRIBE_JOBS):
        described = batch.describe_jobs(jobs=job_ids[start : start + MAX_DESCRIBE_JOBS])["jobs"]
        found.update((job["jobId"], job) for job in described)
    return found


def list_by_name(batch: BatchReader, queue: str, name: str) -> Iterator[Job]:
    """Yield the jobs of a queue that have this name, in any state; an asterisk at its end stands for any
    further characters.

    With a filter by name ListJobs returns all states. A page may be empty and not the last. Source:
    https://docs.aws.amazon.com/batch/latest/APIReference/API_ListJobs.html
    """
    filters = [{"name": "JOB_NAME", "values": [name]}]
    token: dict[str, Any] = {}
    while True:
        page = batch.list_jobs(jobQueue=queue, filters=filters, **token)
        yield from page["jobSummaryList"]
        if not page.get("nextToken"):
            return
        token = {"nextToken": page["nextToken"]}


def first_failed_children(batch: BatchReader, job_id: str) -> list[int]:
    """Return the indexes of the first few children of an array that have failed."""
    listed = batch.list_jobs(arrayJobId=job_id, jobStatus="FAILED", maxResults=_MAX_FAILED_CHILDREN)
    return sorted(job["arrayProperties"]["index"] for job in listed["jobSummaryList"])
