"""Shows runs until they end: a live table on a terminal, a line for each change elsewhere; then how they
ended.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from math import inf

from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.live import Live

from cli.screen.ending import print_ending
from cli.screen.lines import Lines
from cli.screen.table import table
from cli.screen.words import child_count
from sluice.operate.runs.following import SECONDS_BETWEEN_READS, Read, follow
from sluice.operate.runs.view import RunView
from sluice.run.state import RunState

__all__ = ["child_count", "tables", "watch"]
Show = Callable[[Sequence[RunView]], None]


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
    print_ending(views, console)
    return views


@contextmanager
def _display(console: Console) -> Iterator[Show]:
    if not console.is_terminal:
        yield Lines(console).show
        return
    if console.record:  # A picture has the end only.
        seen: list[Sequence[RunView]] = []
        yield seen.append
        console.print(table([_before_ending(view) for view in seen[-1]], console))
        return
    last: Sequence[RunView] = ()
    with Live(console=console, auto_refresh=False, vertical_overflow="visible") as live:

        def show(views: Sequence[RunView]) -> None:
            nonlocal last
            last = views
            # The line below is the cursor's: a table as high as the screen would push its own head out.
            live.update(table(views, console, console.height - 1), refresh=True)

        try:
            yield show
        finally:
            show([_before_ending(view) for view in last])


def _before_ending(view: RunView) -> RunView:
    """Return a run without the reasons that its ending says."""
    if not view.ended or view.state is RunState.SUCCEEDED:
        return view
    return replace(view, steps=tuple(replace(step, reason=None) for step in view.steps))


@dataclass(frozen=True, slots=True)
class RunTables:
    """The whole table of each run, with a row for each step, as wide as where it is printed."""

    views: Sequence[RunView]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Yield its lines."""
        yield table(self.views, console)


def tables(views: Sequence[RunView]) -> RenderableType:
    """Return the whole table of each run, with a row for each step."""
    return RunTables(views)
