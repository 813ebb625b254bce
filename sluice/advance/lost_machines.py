"""Asks AWS Batch which failed children their machines ended: those that were taken back, which may run again
on on-demand machines, and those that had a fault for which the step's retry rules have no place.
"""

from __future__ import annotations

from dataclasses import dataclass

from sluice.advance.failed_children import failed_jobs
from sluice.aws.batch_jobs import BatchReader, Job
from sluice.run import child_ranges
from sluice.run.compiled import CompiledStep
from sluice.run.failures.machine_faults import is_asked_for_faults, is_fault
from sluice.run.reasons import SPOT_INTERRUPTIONS
from sluice.run.state import StepRecord


@dataclass(frozen=True, slots=True)
class LostChildren:
    """Failed children, by their numbers in the whole step, that were ``interrupted`` often enough, and those
    that were ``faulted``; None where that makes no difference.
    """

    interrupted: str | None = None
    faulted: str | None = None


def lost_children(batch: BatchReader, step: CompiledStep, record: StepRecord, failed: str) -> LostChildren:
    """Return which of the failed children of a step were ended by their machines; it is not asked where that
    makes no difference.
    """
    asks_for_faults = is_asked_for_faults(step, record)
    if not step.reclaimed and not asks_for_faults:
        return LostChildren()
    interrupted, faulted = list[int](), list[int]()
    for child, job in failed_jobs(batch, record, failed):
        if step.reclaimed and _interruptions(job) >= step.reclaimed:
            interrupted.append(child)
        elif is_fault(step, job):
            faulted.append(child)
    return LostChildren(
        child_ranges.to_text(interrupted) if step.reclaimed else None,
        child_ranges.to_text(faulted) if asks_for_faults else None,
    )


def _interruptions(job: Job) -> int:
    """Return how many attempts of a job were interrupted; 0 when something else ended the last one: that is
    no fault of the machines.
    """
    if not _is_interrupted(job):
        return 0
    return sum(map(_is_interrupted, job.get("attempts") or []))


def _is_interrupted(ended: Job) -> bool:
    return str(ended.get("statusReason") or "").startswith(SPOT_INTERRUPTIONS)
