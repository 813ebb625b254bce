"""Prints results to the standard output and notes to the standard error.

Text from outside, such as keys, reasons and lines of logs, reaches a terminal here, and only with its control
and bidirectional characters made visible.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.table import Table
from rich.text import Text

from sluice.visible import visible, visible_json

STATE_STYLES = {"SUCCEEDED": "green", "FAILED": "bold red", "RUNNING": "cyan", "CANCELLED": "yellow"}
_PLAIN_WIDTH = 120
_TAB = "\t"
_FRAME = 6
"""Lines of a screen that a table's head and the prompt take."""


class VisibleConsole(Console):
    """A console that prints nothing hidden, whatever it is given; Rich's own controls pass."""

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """Yield the segments of a renderable, with what is hidden in their texts made visible."""
        for segment in super().render(renderable, options):
            text = segment.text if segment.control else visible(segment.text, keep="\n\t")
            yield segment._replace(text=text)


def console_of(terminal: bool | None = None) -> Console:
    """Return a console; elsewhere than on a terminal it prints plain lines."""
    terminal = sys.stdout.isatty() if terminal is None else terminal
    return (
        VisibleConsole()
        if terminal
        else VisibleConsole(force_terminal=False, no_color=True, width=_PLAIN_WIDTH)
    )


def print_line(line: str) -> None:
    """Print a line of the result; it is one line, whatever it holds."""
    sys.stdout.write(f"{visible(line, keep=_TAB)}\n")


def print_text(text: str) -> None:
    """Print a text of our own that has several lines."""
    for line in text.split("\n"):
        print_line(line)


def print_json(document: object, *, lines: bool = False) -> None:
    """Print a document for programs, on one line when it is one of several."""
    text = json.dumps(document, ensure_ascii=False, indent=None if lines else 2)
    sys.stdout.write(f"{visible_json(text)}\n")
    sys.stdout.flush()


def print_note(line: str) -> None:
    """Print a note, which is no part of the result.

    Its further lines are indented, so that none of them looks like another note.
    """
    first, *more = line.split("\n")
    indented = (one if one.startswith("  ") else f"  {one}" for one in more)
    for one in (f"sluice: {first}", *indented):
        sys.stderr.write(f"{visible(one, keep=_TAB)}\n")


def spinner(text: str) -> AbstractContextManager[object]:
    """Show on a terminal that something is in progress; on the standard error, because the result may go
    elsewhere.
    """
    return Console(stderr=True).status(text) if sys.stderr.isatty() else nullcontext()


def print_table(console: Console, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print rows: on a terminal as a table, through a pager when it is longer than the screen; elsewhere as
    aligned lines, never cut.
    """
    if not console.is_terminal:
        for line in aligned([columns, *rows]):
            print_line(line)
    elif len(rows) > console.height - _FRAME:
        with console.pager():
            console.print(_table(columns, rows))
    else:
        console.print(_table(columns, rows))


def aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """Return a line a row, with two spaces between columns."""
    shown = [[visible(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*shown, strict=True)]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in shown
    ]


def _table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for number, column in enumerate(columns):
        table.add_column(
            Text(column), overflow="fold", no_wrap=number == 0
        )  # the first is a name, to be copied
    for row in rows:
        table.add_row(*(Text(visible(cell), style=STATE_STYLES.get(cell, "")) for cell in row))
    return table
