"""Whether failed children that were killed for want of memory run again with more of it. Pure."""

from __future__ import annotations

from sluice.run.compiled import CompiledStep
from sluice.run.state import GenerationSpec, StepRecord, StepState


def next_memory(step: CompiledStep, spec: GenerationSpec) -> int | None:
    """Return the memory, in MiB, of the generation after this one; None when it had the most."""
    current = spec.memory or step.overridden_memory or 0
    return next((size for size in step.memory_sizes if size > current), None)


def may_have_more_memory(step: CompiledStep, spec: GenerationSpec) -> bool:
    """Return whether what is killed for want of memory in this generation runs again with more."""
    return next_memory(step, spec) is not None


def moves_to_more_memory(step: CompiledStep, record: StepRecord) -> bool:
    """Return whether some failed children of a step run again with more memory."""
    is_killed = record.state is StepState.FAILED and bool(record.memory_children)
    return is_killed and not step.is_retried_whole and may_have_more_memory(step, record.spec)
