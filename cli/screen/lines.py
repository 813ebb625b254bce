"""Follows runs without a terminal: a line for each change, and of long steps how far they are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import Console

from cli.screen.words import child_count, remark, short_name
from cli.times import duration
from sluice.operate.runs.view import NOT_RUN, WAITING, RunView, StepView
from sluice.visible import visible

ARRAY_SECONDS, JOB_SECONDS = 9.0, 60.0
"""How long a running step may be silent: with a second between two reads, an array of children says at
least every ten seconds how far it is.
"""
_SILENT = (WAITING, NOT_RUN)
"""Nothing has happened to a step in these."""


class Lines:
    """Prints a line whenever a run or a step enters another state, and of a step that runs long in
    between.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._states: dict[tuple[str, str], str] = {}
        self._printed_at: dict[tuple[str, str], float] = {}

    def show(self, views: Sequence[RunView]) -> None:
        """Print what changed since the last read."""
        for view in views:
            for step in self._due(view):
                self._printed_at[view.run_id, step.name] = view.seconds
                text = f"{visible(step.name):<10} {step.state:<10} {child_count(step):>12}"
                self._print(view, f"{text} {duration(step.seconds):>8}", remark(step))
            if self._changed(view, "", view.state):
                self._print(view, str(view.state))

    def _due(self, view: RunView) -> Iterator[StepView]:
        for step in view.steps:
            has_changed = step.state not in _SILENT and self._changed(view, step.name, step.state)
            if has_changed or self._is_silent(view, step):
                yield step

    def _is_silent(self, view: RunView, step: StepView) -> bool:
        if step.state != "RUNNING":
            return False
        seconds = ARRAY_SECONDS if step.children > 1 else JOB_SECONDS
        return view.seconds - self._printed_at.get((view.run_id, step.name), view.seconds) >= seconds

    def _changed(self, view: RunView, name: str, state: str) -> bool:
        previous = self._states.get((view.run_id, name))
        self._states[view.run_id, name] = state
        return previous != state

    def _print(self, view: RunView, what: str, reason: str = "") -> None:
        line = f"{view.seconds:6.1f} s  {short_name(view)}  {what.rstrip()}"
        self._console.print(
            line + (f"  {visible(reason)}" if reason else ""), soft_wrap=True, highlight=False, markup=False
        )
