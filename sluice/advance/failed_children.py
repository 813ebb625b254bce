"""Asks AWS Batch which children of a failed array failed, once for each generation, and only when the answer
is needed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from botocore.exceptions import ClientError

from sluice.aws.batch_jobs import BatchReader, Job, describe_jobs, list_jobs
from sluice.aws.retrying import Backoff
from sluice.run import child_ranges
from sluice.run.state import StepRecord

_ATTEMPTS = 3
_BASE_SECONDS = 1.0


def failed_children(batch: BatchReader, record: StepRecord, sleep: Callable[[float], None]) -> str:
    """Return the failed children of a generation by their numbers in the whole step, as ``child_ranges``
    writes them.

    When AWS Batch does not list all of them, or has forgotten the job, it is all children: more than needed
    run again then, which skip what they had finished, and no failed one is left out.
    """
    children = record.indexes
    failed = _listed_failures(batch, record, sleep) if record.size > 1 and record.job_id else None
    return child_ranges.to_text(children if failed is None else (children[index] for index in sorted(failed)))


def _listed_failures(
    batch: BatchReader, record: StepRecord, sleep: Callable[[float], None]
) -> set[int] | None:
    """Return the indexes in the array of its failed children, or None when the listing is not complete."""
    backoff = Backoff(attempts=_ATTEMPTS, base=_BASE_SECONDS, sleep=sleep)
    while True:
        failed = _children_in(batch, record, "FAILED")
        if failed and _is_complete(batch, record, failed):
            return failed
        if not backoff.try_again():
            return None


def _is_complete(batch: BatchReader, record: StepRecord, failed: set[int]) -> bool:
    """Return whether the failed and the succeeded children are all: AWS does not promise that the listing is
    as new as the end of the array.
    """
    if record.succeeded is not None and len(failed) == record.size - record.succeeded:
        return True
    succeeded = _children_in(batch, record, "SUCCEEDED")
    return failed | succeeded == set(range(record.size)) and not failed & succeeded


def _children_in(batch: BatchReader, record: StepRecord, state: str) -> set[int]:
    """Return the indexes of an array's children in a state; none when AWS Batch has forgotten the job, a week
    or more after its end.
    """
    try:
        listed = list_jobs(batch, arrayJobId=str(record.job_id), jobStatus=state)
        return {int(job["arrayProperties"]["index"]) for job in listed}
    except ClientError as error:
        if error.response["Error"]["Code"] == "ClientException":
            return set()
        raise


def failed_jobs(batch: BatchReader, record: StepRecord, failed: str) -> Iterator[tuple[int, Job]]:
    """Yield those of the failed children, by their numbers in the whole step, that this generation worked on,
    each with AWS Batch's description of its job; none for a job that was never submitted or is forgotten.
    """
    if not record.job_id:
        return
    wanted = set(child_ranges.from_text(failed))
    children = {
        f"{record.job_id}:{index}" if record.size > 1 else str(record.job_id): child
        for index, child in enumerate(record.indexes)
        if child in wanted
    }
    yield from ((children[job["jobId"]], job) for job in describe_jobs(batch, list(children)))
