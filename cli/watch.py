"""Follows runs until they end: a live table on a terminal, a line for each change elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from cli.run_view import WAITING, RunView, StepView

Look = Callable[[], Sequence[RunView]]
Show = Callable[[Sequence[RunView]], None]

SECONDS_BETWEEN_LOOKS = 0.25
_STYLES = {"SUCCEEDED": "green", "FAILED": "bold red", "RUNNING": "cyan", WAITING: "dim", "EMPTY": "dim"}
_BAR_WIDTH = 24
_INPUT_WIDTH = 24


def watch(
    look: Look, console: Console, *, runs: int, seconds: float, sleep: Callable[[float], None] = time.sleep
) -> list[RunView]:
    """Show this many runs until all have ended, and return them as they ended.

    ``look`` returns the runs that there are so far. Raises TimeoutError, with what still runs, after
    ``seconds``.
    """
    deadline = time.monotonic() + seconds
    with _shown(console) as show:
        while True:
            views = list(look())
            show(views)
            if len(views) >= runs and all(view.ended for view in views):
                return views
            if time.monotonic() > deadline:
                raise TimeoutError(_unfinished(views, runs, seconds))
            sleep(SECONDS_BETWEEN_LOOKS)


@contextmanager
def _shown(console: Console) -> Iterator[Show]:
    if not console.is_terminal:
        yield _Lines(console).show
        return
    with Live(console=console, auto_refresh=False, vertical_overflow="visible") as live:
        yield lambda views: live.update(tables(views), refresh=True)


def tables(views: Sequence[RunView]) -> RenderableType:
    """Return a table a run, with a row a step."""
    return Group(*(_table(view) for view in views))


def _table(view: RunView) -> Table:
    title = Text.assemble(
        (view.pipeline, "bold"), f"  {view.input}  ", _styled(view.state), f"  {view.seconds:.1f} s"
    )
    table = Table(title=title, title_justify="left", box=None, padding=(0, 2, 0, 0), show_header=False)
    table.add_column(min_width=10)
    table.add_column(min_width=9)
    table.add_column(width=_BAR_WIDTH)
    table.add_column(justify="right", min_width=9)
    table.add_column(justify="right", min_width=8)
    for step in view.steps:
        table.add_row(step.name, _styled(step.state), _bar(step), _count(step), _elapsed(step))
        if step.reason:
            table.add_row("", "", Text(step.reason, style="red", overflow="fold"))
    return table


def _bar(step: StepView) -> RenderableType:
    if step.children == 0:
        return Text("")
    style = "red" if step.failed else "green"
    return ProgressBar(
        total=step.children,
        completed=step.done + step.failed,
        width=_BAR_WIDTH,
        complete_style=style,
        finished_style=style,
    )


def _count(step: StepView) -> str:
    return f"{step.done} of {step.children}" if step.children else ""


def _elapsed(step: StepView) -> str:
    return f"{step.seconds:.1f} s" if step.seconds is not None else ""


def _styled(state: str) -> Text:
    return Text(state, style=_STYLES.get(state, "yellow"))


class _Lines:
    """Prints a line whenever a run or a step enters another state."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._states: dict[tuple[str, str], str] = {}

    def show(self, views: Sequence[RunView]) -> None:
        """Print what changed since the last look."""
        for view in views:
            for step in view.steps:
                if step.state != WAITING and self._changed(view, step.name, step.state):
                    self._print(
                        view,
                        f"{step.name:<10} {step.state:<10} {_count(step):>12} {_elapsed(step):>8}",
                        step.reason,
                    )
            if self._changed(view, "", view.state):
                self._print(view, str(view.state))

    def _changed(self, view: RunView, name: str, state: str) -> bool:
        before = self._states.get((view.run_id, name))
        self._states[view.run_id, name] = state
        return before != state

    def _print(self, view: RunView, what: str, reason: str | None = None) -> None:
        line = f"{view.seconds:6.1f} s  {view.input[-_INPUT_WIDTH:]:<{_INPUT_WIDTH}} {what.rstrip()}" + (
            f"  {reason}" if reason else ""
        )
        self._console.print(line, soft_wrap=True, highlight=False, markup=False)


def _unfinished(views: Sequence[RunView], runs: int, seconds: float) -> str:
    live = "; ".join(f"{view.run_id}: {_waits_for(view)}" for view in views if not view.ended)
    return (
        f"Expected {runs} runs to end within {seconds:.0f} s, found {len(views)} begun and these unfinished:"
        f" {live or 'none'}."
    )


def _waits_for(view: RunView) -> str:
    return ", ".join(
        f"{step.name} {step.state}" for step in view.steps if step.state not in ("SUCCEEDED", "EMPTY")
    )
