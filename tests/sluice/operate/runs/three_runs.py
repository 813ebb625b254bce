"""Three runs of the pipeline words: one that failed, one that succeeded, one that runs; and an open group."""

from __future__ import annotations

from sluice.grouping.group import Group, GroupState
from sluice.run.state import RunState
from tests.sluice.graphs import pipeline, step
from tests.sluice.operate.harness import OperateHarness


def words(number: int) -> str:
    """Return the id of a run of the pipeline words."""
    return "words-" + f"{chr(97 + number // 26)}{chr(97 + number % 26)}".ljust(20, "a")


def at(second: int) -> str:
    """Return a time of the first minutes of 2026."""
    return f"2026-01-01T00:{second // 60:02}:{second % 60:02}.000+00:00"


def open_group() -> Group:
    """Return a group of the pipeline words that has no file yet."""
    return Group(
        pipeline="words",
        trigger="s3-group:in",
        number=3,
        state=GroupState.OPEN,
        files=0,
        opened_at=at(0),
        closes_at=at(9),
        max_files=9,
        definition={},
    )


def begin_three_runs(harness: OperateHarness) -> None:
    """Begin a run that fails, one that succeeds and one that goes on running, in this order."""
    for number in range(3):
        harness.begin(words(number), at(number), pipeline(step("a")))
    harness.end(words(0), RunState.FAILED, "a")
    harness.end(words(1), RunState.SUCCEEDED)
