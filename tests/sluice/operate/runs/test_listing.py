"""Which runs a listing has."""

from __future__ import annotations

from typing import Any

import pytest

from sluice.operate.runs.listing import list_runs
from sluice.run.state import RunState
from tests.sluice.clouds import TABLE
from tests.sluice.graphs import pipeline, step
from tests.sluice.operate.harness import OperateHarness
from tests.sluice.operate.runs.three_runs import at, begin_three_runs, words

MANY = 104


@pytest.fixture
def three(harness: OperateHarness) -> OperateHarness:
    """A run that failed, one that succeeded and one that runs, in this order."""
    begin_three_runs(harness)
    return harness


def listed(harness: OperateHarness, **filters: Any) -> list[str]:
    """Return the ids of a listing."""
    asked: dict[str, Any] = {"pipeline": None, "state": None, "limit": 500, **filters}
    return [run.run_id for run in list_runs(harness.client, TABLE, **asked).runs]


def test_all_runs_newest_first(three: OperateHarness) -> None:
    """Without filters every run is listed, steps and notes are not."""
    assert listed(three) == [words(2), words(1), words(0)]


@pytest.mark.parametrize(
    ("state", "number"), [(RunState.FAILED, 0), (RunState.SUCCEEDED, 1), (RunState.RUNNING, 2)]
)
def test_runs_in_a_state(three: OperateHarness, state: RunState, number: int) -> None:
    """A state lists the runs in it."""
    assert listed(three, state=state) == [words(number)]


@pytest.mark.parametrize("state", [None, RunState.RUNNING])
def test_runs_of_a_pipeline(three: OperateHarness, state: RunState | None) -> None:
    """A pipeline's name lists its runs, not those of a pipeline whose name begins so."""
    assert listed(three, pipeline="words", state=state)
    assert listed(three, pipeline="word", state=state) == []


@pytest.mark.parametrize("state", [None, RunState.RUNNING])
def test_more_runs_than_a_page(harness: OperateHarness, state: RunState | None) -> None:
    """More runs than one BatchGetItem takes are all listed; a limit takes the newest and says that there are
    more.
    """
    for number in range(MANY):
        harness.begin(words(number), at(number), pipeline(step("a")))
    newest = [words(number) for number in reversed(range(MANY))]
    assert listed(harness, state=state) == newest
    some = list_runs(harness.client, TABLE, pipeline=None, state=state, limit=7)
    assert [run.run_id for run in some.runs] == newest[:7]
    assert some.more
    assert not list_runs(harness.client, TABLE, pipeline=None, state=state, limit=MANY).more
