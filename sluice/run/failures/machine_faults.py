"""Whether what a fault of its machine ended is submitted again, because the five rules that AWS Batch allows
have no place for that fault. Pure.

AWS Batch itself tries again what its rules name. See docs/decisions/0051-faults-without-a-place.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sluice.run import child_ranges
from sluice.run.compiled import CompiledStep
from sluice.run.reasons import PROGRAM_ENDED, explain
from sluice.run.state import StepRecord, StepState

_WHOLE_NAMES = {"Cannot": "CannotInspectContainerError"}


def is_fault(step: CompiledStep, job: Mapping[str, Any]) -> bool:
    """Return whether a fault of its machine ended a job, or a child, for which the rules of its step have no
    place: by AWS Batch's description. A program that ended has an exit code.
    """
    last: Mapping[str, Any] = (job.get("attempts") or [{}])[-1].get("container") or {}
    container = job.get("container") or last
    status, reason = str(job.get("statusReason") or ""), str(container.get("reason") or "")
    is_without_code = container.get("exitCode") is None and last.get("exitCode") is None
    return is_without_code and status.startswith(PROGRAM_ENDED) and reason.startswith(step.unhandled_faults)


def is_asked_for_faults(step: CompiledStep, record: StepRecord) -> bool:
    """Return whether it is to be found out which failed children of a step a fault of their machine ended."""
    can_be_repeated = bool(step.unhandled_faults) and record.spec.machine_faults < step.fault_times
    return record.state is StepState.FAILED and record.job_id is not None and can_be_repeated


def repeats_faults(step: CompiledStep, record: StepRecord) -> bool | None:
    """Return whether some failed children of a step run again because a fault of their machine ended them;
    None while that is not known.
    """
    if not is_asked_for_faults(step, record):
        return False
    return None if record.faulted_children is None else bool(faulted(step, record))


def faulted(step: CompiledStep, record: StepRecord) -> frozenset[int]:
    """Return the failed children that run again because a fault of their machine ended them.

    The children of a sequential array behind such a one never began. An array of commands has no parts, so it
    is repeated as a whole, and only when nothing else failed of it.
    """
    if not is_asked_for_faults(step, record):
        return frozenset()
    failed = frozenset(record.failed_indexes or ())
    found = failed.intersection(child_ranges.from_text(record.faulted_children or ""))
    if step.sequential and found:
        return failed
    return frozenset() if step.is_retried_whole and found != failed else found


def why_again(step: CompiledStep, record: StepRecord) -> str | None:
    """Return in plain words why a step's job, or a part of its children, ran again; None where no fault of a
    machine was the reason.
    """
    if not record.spec.machine_faults:
        return None
    names = [_WHOLE_NAMES.get(one, one) for one in step.unhandled_faults]
    words = " or ".join(str(explain(name)) for name in names)
    what = f"children {record.spec.children}" if record.spec.children is not None else "it"
    verb = "run" if record.spec.children is not None else "runs"
    return f"{what} {verb} again for a fault of the machine: {words} ({', '.join(names)})"
