"""Says of which runs the cleanup is to run again: they succeeded, and it failed. Pure.

See docs/decisions/0058-failed-cleanups.md.
"""

from __future__ import annotations

from sluice.run.compiled import Kind
from sluice.run.state import Run, RunState, StepRecord


def cleanup_of(run: Run) -> StepRecord | None:
    """Return the record of a run's cleanup, None where it has none yet."""
    name = next((step.name for step in run.pipeline.steps if step.kind is Kind.CLEANUP), "")
    return run.steps.get(name)


def failed_cleanup(run: Run) -> StepRecord | None:
    """Return the record of the cleanup of a run that succeeded, where it failed; None for all else.

    What a failed run left is removed days later, and nothing waits for that.
    """
    record = cleanup_of(run) if run.state is RunState.SUCCEEDED else None
    return record if record is not None and record.failed and not record.discarded else None
