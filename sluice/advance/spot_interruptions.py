"""Asks AWS Batch which failed children were ended by spot interruptions: those may run again on on-demand
machines.
"""

from __future__ import annotations

from sluice.aws.batch_jobs import BatchReader, Job, describe_jobs
from sluice.run import child_ranges
from sluice.run.reasons import SPOT_INTERRUPTIONS
from sluice.run.state import StepRecord


def interrupted_children(batch: BatchReader, record: StepRecord, failed: str, min_interruptions: int) -> str:
    """Return those of the failed children, by their numbers in the whole step, that were interrupted often
    enough.
    """
    if not record.job_id:
        return ""
    children = _children_by_job_id(record, failed)
    described = describe_jobs(batch, list(children))
    return child_ranges.to_text(
        children[job["jobId"]] for job in described if _interruptions(job) >= min_interruptions
    )


def _children_by_job_id(record: StepRecord, failed: str) -> dict[str, int]:
    """Return the failed children that this generation worked on, by the ids of their jobs."""
    wanted = set(child_ranges.from_text(failed))
    return {
        f"{record.job_id}:{index}" if record.size > 1 else str(record.job_id): child
        for index, child in enumerate(record.indexes)
        if child in wanted
    }


def _interruptions(job: Job) -> int:
    """Return how many attempts of a job were interrupted; 0 when something else ended the last one: that is
    no fault of the machines.
    """
    if not _is_interrupted(job):
        return 0
    return sum(map(_is_interrupted, job.get("attempts") or []))


def _is_interrupted(ended: Job) -> bool:
    return str(ended.get("statusReason") or "").startswith(SPOT_INTERRUPTIONS)
