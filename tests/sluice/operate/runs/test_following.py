"""Runs are read until they have ended."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from sluice.operate.errors import OperationError
from sluice.operate.runs.following import SECONDS_BETWEEN_READS, expect_start, follow
from sluice.operate.runs.reader import RunReader
from sluice.operate.runs.view import RunView, StepView
from sluice.run.state import RunState
from tests.sluice.operate.harness import OperateHarness


def view(state: RunState) -> RunView:
    """Return a run of one step."""
    step = StepView(name="a", kind="job", state=state)
    return RunView(run_id="r", pipeline="p", input="i", state=state, seconds=1.0, steps=(step,))


def test_every_read_is_yielded_until_all_runs_have_ended() -> None:
    """A run that has not begun is waited for as well."""
    reads: list[Sequence[RunView]] = [[], [view(RunState.RUNNING)], [view(RunState.SUCCEEDED)]]
    pauses: list[float] = []
    remaining = iter(reads)
    assert list(follow(lambda: next(remaining), runs=1, sleep=pauses.append)) == reads
    assert pauses == [SECONDS_BETWEEN_READS] * 2


def test_what_has_not_ended_is_named_when_time_is_up() -> None:
    """With the states of its steps."""
    with pytest.raises(TimeoutError, match="found 1 begun and these unfinished: r: a RUNNING"):
        list(follow(lambda: [view(RunState.RUNNING)], runs=1, seconds=-1))


def test_a_run_that_does_not_begin_in_time(harness: OperateHarness) -> None:
    """The error says where to look for the reason."""
    reader = RunReader(harness.ledger, harness.jobs)
    assert expect_start(reader, ["words-a"], 60)() == []
    with pytest.raises(OperationError, match=r"words-a to begin within -1 s.*dead-letter queue"):
        expect_start(reader, ["words-a"], -1)()
