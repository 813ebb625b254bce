"""Shows runs until they end: a live table on a terminal, a line for each change elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from math import inf

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from cli.times import duration
from sluice.operate.runs.following import SECONDS_BETWEEN_READS, Read, follow
from sluice.operate.runs.view import WAITING, RunView, StepView
from sluice.visible import visible

Show = Callable[[Sequence[RunView]], None]

_STYLES = {"SUCCEEDED": "green", "FAILED": "bold red", "RUNNING": "cyan", WAITING: "dim", "EMPTY": "dim"}
_BAR_WIDTH = 24
_INPUT_WIDTH = 24


def watch(
    read: Read,
    console: Console,
    *,
    runs: int,
    seconds: float = inf,
    interval: float = SECONDS_BETWEEN_READS,
    sleep: Callable[[float], None] = time.sleep,
) -> Sequence[RunView]:
    """Show this many runs until all have ended, and return them as they ended.

    ``read`` returns the runs that there are so far. Raises TimeoutError, with what has not ended, after
    ``seconds``.
    """
    views: Sequence[RunView] = ()
    with _display(console) as show:
        for views in follow(read, runs=runs, seconds=seconds, interval=interval, sleep=sleep):
            show(views)
    return views


@contextmanager
def _display(console: Console) -> Iterator[Show]:
    if not console.is_terminal:
        yield _Lines(console).show
        return
    with Live(console=console, auto_refresh=False, vertical_overflow="visible") as live:
        yield lambda views: live.update(tables(views), refresh=True)


def tables(views: Sequence[RunView]) -> RenderableType:
    """Return a table for each run, with a row for each step."""
    return Group(*(_table(view) for view in views))


def child_count(step: StepView) -> str:
    """Return how many children of a step are done, or nothing when it has none yet."""
    return f"{step.done} of {step.children}" if step.children else ""


def _table(view: RunView) -> Table:
    title = Text.assemble(
        (visible(view.pipeline), "bold"),
        f"  {visible(view.input)}  ",
        _styled(view.state),
        f"  {duration(view.seconds)}",
    )
    table = Table(title=title, title_justify="left", box=None, padding=(0, 2, 0, 0), show_header=False)
    table.add_column(min_width=10)
    table.add_column(min_width=9)
    table.add_column(width=_BAR_WIDTH)
    table.add_column(justify="right", min_width=9)
    table.add_column(justify="right", min_width=8)
    for step in view.steps:
        table.add_row(step.name, _styled(step.state), _bar(step), child_count(step), duration(step.seconds))
        if step.reason:
            table.add_row("", "", Text(visible(step.reason), style="red", overflow="fold"))
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


def _styled(state: str) -> Text:
    return Text(state, style=_STYLES.get(state, "yellow"))


class _Lines:
    """Prints a line whenever a run or a step enters another state."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._states: dict[tuple[str, str], str] = {}

    def show(self, views: Sequence[RunView]) -> None:
        """Print what changed since the last read."""
        for view in views:
            for step in view.steps:
                if step.state != WAITING and self._changed(view, step.name, step.state):
                    text = f"{step.name:<10} {step.state:<10} {child_count(step):>12}"
                    self._print(view, f"{text} {duration(step.seconds):>8}", step.reason)
            if self._changed(view, "", view.state):
                self._print(view, str(view.state))

    def _changed(self, view: RunView, name: str, state: str) -> bool:
        previous = self._states.get((view.run_id, name))
        self._states[view.run_id, name] = state
        return previous != state

    def _print(self, view: RunView, what: str, reason: str | None = None) -> None:
        line = f"{view.seconds:6.1f} s  {visible(view.input)[-_INPUT_WIDTH:]:<{_INPUT_WIDTH}} {what.rstrip()}"
        self._console.print(
            line + (f"  {visible(reason)}" if reason else ""), soft_wrap=True, highlight=False, markup=False
        )
