"""Asks AWS Batch which failed children were ended by the loss of their machines: those that may go where
machines are not taken back.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sluice.limits import MAX_DESCRIBE_JOBS
from sluice.run import child_ranges
from sluice.run.state import StepRecord

# A spot host, and a task of Fargate Spot: https://docs.aws.amazon.com/batch/latest/userguide/job_retries.html
# and https://docs.aws.amazon.com/batch/latest/userguide/fargate.html
RECLAIMED = ("Host EC2", "Your Spot Task was interrupted")


def reclaimed_children(batch: Any, record: StepRecord, failed: str, least: int) -> str:
    """Return those of the failed children, by their numbers in the whole step, that were reclaimed at least
    so many times; 100 a call.
    """
    place = {child: number for number, child in enumerate(record.indexes)}
    children = [child for child in child_ranges.from_text(failed) if child in place]
    ids = {
        f"{record.job_id}:{place[child]}" if record.size > 1 else str(record.job_id): child
        for child in children
    }
    reclaims = (
        {ids[job["jobId"]]: _reclaims(job) for job in _described(batch, list(ids))} if record.job_id else {}
    )
    return child_ranges.to_text(child for child, count in reclaims.items() if count >= least)


def _described(batch: Any, job_ids: list[str]) -> Iterator[Mapping[str, Any]]:
    for start in range(0, len(job_ids), MAX_DESCRIBE_JOBS):
        yield from batch.describe_jobs(jobs=job_ids[start : start + MAX_DESCRIBE_JOBS])["jobs"]


def _reclaims(job: Mapping[str, Any]) -> int:
    """Return how many attempts the loss of a machine ended; none when something else ended the last one: that
    is no fault of machines.
    """
    if not str(job.get("statusReason") or "").startswith(RECLAIMED):
        return 0
    return sum(
        str(attempt.get("statusReason") or "").startswith(RECLAIMED) for attempt in job.get("attempts") or []
    )
