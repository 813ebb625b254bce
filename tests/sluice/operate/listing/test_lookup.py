"""Which run a part of an id means."""

from __future__ import annotations

import pytest

from sluice.operate.errors import AmbiguousRunError, RunIdMissingError, RunNotFoundError
from sluice.operate.listing.lookup import find_run_id
from tests.sluice.clouds import TABLE
from tests.sluice.graphs import pipeline, step
from tests.sluice.operate.harness import OperateHarness
from tests.sluice.operate.runs.three_runs import at, begin_three_runs, words


@pytest.fixture
def three(harness: OperateHarness) -> OperateHarness:
    """A run that failed, one that succeeded and one that runs, in this order."""
    begin_three_runs(harness)
    return harness


@pytest.mark.parametrize("given", [words(1), "words-ab", "ab", words(1)[-20:]])
def test_a_run_by_a_part_of_its_id(three: OperateHarness, given: str) -> None:
    """A whole id, its beginning, and the 20 characters of an SMS or their beginning all name the run."""
    assert find_run_id(three.client, TABLE, given) == words(1)


def test_a_whole_id_is_never_ambiguous(harness: OperateHarness) -> None:
    """A run whose id begins another one's is found by it."""
    harness.begin(words(0), at(0), pipeline(step("a")))
    harness.begin(words(0) + "b", at(1), pipeline(step("a")))
    assert find_run_id(harness.client, TABLE, words(0)) == words(0)


@pytest.mark.parametrize("given", ["nope", "ords-", "b", "RUN", "words-aaz"])
def test_no_such_run(three: OperateHarness, given: str) -> None:
    """What no id begins with is refused, also when it stands within one."""
    with pytest.raises(RunNotFoundError, match=f"found '{given}'"):
        find_run_id(three.client, TABLE, given)


@pytest.mark.parametrize("given", ["words", "w", "a"])
def test_several_such_runs(three: OperateHarness, given: str) -> None:
    """What several ids begin with is refused, and they are named."""
    with pytest.raises(AmbiguousRunError, match=f"3 runs have: {words(0)}, {words(1)}"):
        find_run_id(three.client, TABLE, given)


def test_an_empty_id_is_refused(three: OperateHarness) -> None:
    """An empty word, as of an unset variable of a shell, names no run."""
    with pytest.raises(RunIdMissingError, match="an empty word"):
        find_run_id(three.client, TABLE, "")
