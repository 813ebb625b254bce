"""Two runs with a step in the queue bulk, of which one has ended."""

from __future__ import annotations

from dataclasses import replace

from sluice.run.state import RunState
from tests.sluice.graphs import pipeline, step
from tests.sluice.operate.harness import OperateHarness

FIRST, SECOND = "words-" + "a" * 20, "words-" + "b" * 20
_PIPELINE = pipeline(replace(step("a"), queue="bulk"), step("b", after=("a",)))


def begin_runs_in_bulk(harness: OperateHarness) -> None:
    """Begin the two runs, and end the second."""
    for run_id in (FIRST, SECOND):
        harness.begin(run_id, "2026-01-01T00:00:00.000+00:00", _PIPELINE)
    harness.end(SECOND, RunState.SUCCEEDED)
