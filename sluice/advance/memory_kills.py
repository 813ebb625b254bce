"""Asks AWS Batch which failed children were killed for want of memory: those may run again with more."""

from __future__ import annotations

from sluice.advance.failed_children import failed_jobs
from sluice.aws.batch_jobs import BatchReader, Job
from sluice.run.state import StepRecord

_OUT_OF_MEMORY = "OutOfMemory"
_KILLED = 137


def killed_for_memory(batch: BatchReader, record: StepRecord, failed: str) -> set[int]:
    """Return those of the failed children, by their numbers in the whole step, that ended for want of memory.

    Source: https://docs.aws.amazon.com/batch/latest/userguide/troubleshooting.html and, for exit code 137,
    https://docs.docker.com/engine/containers/run/#exit-status
    """
    return {child for child, job in failed_jobs(batch, record, failed) if _is_killed(job)}


def _is_killed(job: Job) -> bool:
    container = job.get("container") or {}
    return container.get("exitCode") == _KILLED or _OUT_OF_MEMORY in str(container.get("reason") or "")
