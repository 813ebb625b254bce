"""Runs as they are now."""

from __future__ import annotations

import pytest

from sluice.operate.errors import RunRemovedError
from sluice.operate.runs.reader import RunReader
from tests.sluice.clouds import START
from tests.sluice.graphs import RUN_ID, pipeline, step
from tests.sluice.operate.harness import OperateHarness


def test_a_job_that_has_ended_is_described_once(harness: OperateHarness) -> None:
    """Its state does not change any more, also when AWS Batch forgets it."""
    harness.begin(RUN_ID, START.isoformat(timespec="milliseconds"), pipeline(step("a"), step("b")))
    harness.ledger.record_submitted(RUN_ID, {"a": "job-a", "b": "job-b"})
    harness.jobs.add("job-a", status="SUCCEEDED", startedAt=1_000, stoppedAt=3_500)
    harness.jobs.add("job-b", status="RUNNABLE")
    reader = RunReader(harness.ledger, harness.jobs)
    first = reader.read_one(RUN_ID)
    harness.jobs.jobs.clear()
    second = reader.read_one(RUN_ID)
    assert [step.state for step in first.steps] == ["SUCCEEDED", "RUNNABLE"]
    assert (second.steps[0], second.steps[1].state) == (first.steps[0], "SUBMITTED")


def test_runs_that_the_ledger_does_not_know(harness: OperateHarness) -> None:
    """They are left out of several, and one alone is an error."""
    reader = RunReader(harness.ledger, harness.jobs)
    assert reader.read(["words-none"]) == []
    with pytest.raises(RunRemovedError, match="words-none"):
        reader.read_one("words-none")
