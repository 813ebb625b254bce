"""Whether failed children that lost their machines go to machines that are not taken back. Pure."""

from __future__ import annotations

from sluice.run.compiled import CompiledStep
from sluice.run.state import StepRecord, StepState


def may_move(step: CompiledStep, record: StepRecord) -> bool | None:
    """Return whether some failed children of a step move to its ``steady`` queue; None while it is not known
    which lost their machines.
    """
    if record.state is not StepState.FAILED or record.job_id is None or not _can_move(step):
        return False
    if record.spec.queue is not None:
        return False
    return None if record.reclaimed_children is None else bool(record.reclaimed_children)


def _can_move(step: CompiledStep) -> bool:
    has_other_queue = step.queue != step.steady
    return bool(step.reclaimed) and has_other_queue and not step.is_retried_whole
