"""Of a run that succeeded, and of no other, a failed cleanup is to run again."""

from __future__ import annotations

import pytest

from sluice.run.compiled import Kind
from sluice.run.failures.failed_cleanup import cleanup_of, failed_cleanup
from sluice.run.state import Run, RunState, StepRecord, StepState
from tests.sluice.graphs import RUN_ID, pipeline, step

GRAPH = pipeline(step("a"), step("cleanup", Kind.CLEANUP, after=("a",)))


def run_with(state: RunState, *records: StepRecord) -> Run:
    """Return a run with the records of these steps."""
    steps = {one.name: one for one in records}
    return Run(run_id=RUN_ID, pipeline=GRAPH, trigger={}, created_at="t", state=state, steps=steps)


def cleanup(state: StepState, *, discarded: bool = False) -> StepRecord:
    """Return the record of a cleanup."""
    return StepRecord(name="cleanup", state=state, discarded=discarded)


def test_the_failed_cleanup_of_a_run_that_succeeded_is_found() -> None:
    """Whatever the other steps are."""
    failed = cleanup(StepState.FAILED)
    run = run_with(RunState.SUCCEEDED, StepRecord(name="a", state=StepState.SUCCEEDED), failed)
    assert failed_cleanup(run) == failed


@pytest.mark.parametrize(
    ("state", "record"),
    [
        pytest.param(RunState.FAILED, cleanup(StepState.FAILED), id="of a failed run"),
        pytest.param(RunState.SUCCEEDED, cleanup(StepState.SUCCEEDED), id="that succeeded"),
        pytest.param(RunState.SUCCEEDED, cleanup(StepState.SUBMITTED), id="under way"),
        pytest.param(RunState.SUCCEEDED, cleanup(StepState.FAILED, discarded=True), id="to run again"),
    ],
)
def test_no_other_cleanup_is(state: RunState, record: StepRecord) -> None:
    """Nothing waits for what a failed run left to be removed."""
    assert failed_cleanup(run_with(state, record)) is None


def test_a_run_may_have_no_cleanup_yet() -> None:
    """Its record comes with its claim."""
    assert cleanup_of(run_with(RunState.RUNNING)) is None
