"""Asks AWS Batch which children of a failed array failed, once for each generation, and only when something
wants to know.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from botocore.exceptions import ClientError

from sluice.run import child_ranges
from sluice.run.state import StepRecord

_ATTEMPTS = 3
_PAUSE_SECONDS = 0.5


def failed_children(batch: Any, record: StepRecord, sleep: Callable[[float], None]) -> str:
    """Return the failed children of a generation by their numbers in the whole step, as ``child_ranges``
    writes them.

    When AWS Batch lists not all of them, or has forgotten the job, it is all children: too many run again
    then, which skip what they had finished, and no failed one is left out.
    """
    known: tuple[int, ...] | None = None
    indexes = record.indexes
    for look in range(_ATTEMPTS if record.size > 1 and record.job_id else 0):
        sleep(_PAUSE_SECONDS * look)
        failed = set(_listed(batch, str(record.job_id), "FAILED"))
        if failed and _whole(batch, record, failed):
            known = tuple(indexes[child] for child in sorted(failed))
            break
    return child_ranges.to_text(indexes if known is None else known)


def _whole(batch: Any, record: StepRecord, failed: set[int]) -> bool:
    """Return whether these and those that succeeded are all: nobody promises that the listing is as new as
    the end of the array.
    """
    if record.succeeded is not None and len(failed) == record.size - record.succeeded:
        return True
    succeeded = set(_listed(batch, str(record.job_id), "SUCCEEDED"))
    return failed | succeeded == set(range(record.size)) and not failed & succeeded


def _listed(batch: Any, job_id: str, state: str) -> Iterator[int]:
    """Yield the children of an array in a state, a hundred a call.

    Source: https://docs.aws.amazon.com/batch/latest/APIReference/API_ListJobs.html
    """
    page: dict[str, Any] = {}
    while True:
        try:
            page = batch.list_jobs(arrayJobId=job_id, jobStatus=state, **page)
        except ClientError as error:
            if error.response["Error"]["Code"] == "ClientException":
                return  # A job that AWS Batch has forgotten, a week or more after its end.
            raise
        yield from (int(job["arrayProperties"]["index"]) for job in page["jobSummaryList"])
        if not page.get("nextToken"):
            return
        page = {"nextToken": page["nextToken"]}
