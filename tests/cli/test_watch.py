"""Following runs: what is printed, and when it ends."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from rich.console import Console

from cli.watch import tables, watch
from sluice.operate.runs.view import WAITING, RunView, StepView
from sluice.run.state import RunState


def _step(name: str, state: str, done: int = 0, children: int = 4, reason: str | None = None) -> StepView:
    return StepView(
        name=name, kind="array", state=state, children=children, done=done, seconds=1.5, reason=reason
    )


def _run(state: RunState, *steps: StepView) -> RunView:
    return RunView(run_id="p-1", pipeline="p", input="in/a.txt", state=state, seconds=2.0, steps=steps)


def _watched(
    looks: Sequence[RunView], *, terminal: bool = False, seconds: float = 60
) -> tuple[Sequence[RunView], str]:
    """Return the runs as they ended and what was printed on the way, one look after the other."""
    console, remaining = Console(file=io.StringIO(), force_terminal=terminal, width=100), list(looks)
    ended = watch(
        lambda: [remaining.pop(0) if len(remaining) > 1 else remaining[0]],
        console,
        runs=1,
        seconds=seconds,
        sleep=lambda _: None,
    )
    assert isinstance(console.file, io.StringIO)
    return ended, console.file.getvalue()


_BEGINNING = _run(RunState.RUNNING, _step("count", "RUNNING", 1), _step("merge", WAITING, children=0))
_MIDDLE = _run(RunState.RUNNING, _step("count", "RUNNING", 3), _step("merge", "PENDING", children=1))
_END = _run(RunState.SUCCEEDED, _step("count", "SUCCEEDED", 4), _step("merge", "SUCCEEDED", 1, 1))


def test_without_a_terminal_each_change_is_one_plain_line() -> None:
    """A read at which no state changed prints nothing, and no line has a control character."""
    ended, printed = _watched([_BEGINNING, _BEGINNING, _MIDDLE, _END])
    assert ended == [_END]
    *changes, last = printed.splitlines()
    assert [line.split()[3:5] for line in changes] == [
        ["count", "RUNNING"],
        ["RUNNING"],
        ["merge", "PENDING"],
        ["count", "SUCCEEDED"],
        ["merge", "SUCCEEDED"],
        ["SUCCEEDED"],
    ]
    assert last.endswith("sluice results p-1")
    assert all(character.isprintable() or character == "\n" for character in printed)


@pytest.mark.parametrize(
    ("failed", "told"),
    [({"items": 48, "failed_items": 2}, "2 of 48 items"), ({"failed": 1}, "1 of 4 children")],
    ids=["items", "children"],
)
@pytest.mark.parametrize("terminal", [False, True], ids=["lines", "table"])
def test_what_failed_of_a_run_that_succeeded_is_said(
    failed: dict[str, Any], told: str, *, terminal: bool
) -> None:
    """A failure that the pipeline tolerates is no silent one."""
    end = _run(RunState.SUCCEEDED, replace(_step("count", "SUCCEEDED", 4), **failed))
    _, printed = _watched([_BEGINNING, end], terminal=terminal)
    assert f"{told} failed" in printed
    assert f"p-1 succeeded without what failed: {told} of count." in printed


@pytest.mark.parametrize("terminal", [False, True], ids=["lines", "table"])
def test_the_failed_cleanup_of_a_run_that_succeeded_is_said_with_what_mends_it(*, terminal: bool) -> None:
    """It is no part of the work."""
    cleanup = replace(_step("cleanup", "FAILED", 1), kind="cleanup", failed=1, reason="AccessDenied")
    end = _run(RunState.SUCCEEDED, _step("count", "SUCCEEDED", 4), cleanup)
    _, printed = _watched([_BEGINNING, end], terminal=terminal)
    assert "p-1 succeeded, but its cleanup failed: " in printed
    assert "AccessDenied" in printed
    assert "sluice retry p-1" in printed
    assert "without what failed" not in printed


def test_on_a_terminal_there_is_a_row_a_step() -> None:
    """The table shows each step with its state, its children and its time."""
    console = Console(file=io.StringIO(), width=100)
    console.print(tables([_MIDDLE]))
    assert isinstance(console.file, io.StringIO)
    title, count, merge = (line.split() for line in console.file.getvalue().splitlines())
    assert title[:3] == ["p", "in/a.txt", "RUNNING"]
    assert (count[:2], count[-5:]) == (["count", "RUNNING"], ["3", "of", "4", "1.5", "s"])
    assert merge[:2] == ["merge", "PENDING"]


def test_the_table_ends_with_the_last_state() -> None:
    """On a terminal the last thing that stands there is the end."""
    _, printed = _watched([_BEGINNING, _END], terminal=True)
    assert "4 of 4" in printed.split("\x1b[2K")[-1]


def test_a_reason_is_shown_with_its_step() -> None:
    """A failed step's reason stands in its line."""
    failed = _run(RunState.FAILED, _step("count", "FAILED", 3, reason="1 of 4 children failed"))
    assert "1 of 4 children failed" in _watched([failed])[1]


def test_a_cleanup_is_waited_for() -> None:
    """A run whose outcome is known has not ended while its cleanup runs."""
    cleaning = _run(RunState.SUCCEEDED, _step("merge", "SUCCEEDED", 1, 1), _step("cleanup", "RUNNING", 0, 1))
    assert not cleaning.ended
    assert _watched([cleaning, _END])[0] == [_END]


def test_what_is_unfinished_is_named_when_time_is_up() -> None:
    """The error says which steps of which run still wait."""
    with pytest.raises(TimeoutError, match=r"p-1: count RUNNING, merge PENDING"):
        _watched([_MIDDLE], seconds=0)
