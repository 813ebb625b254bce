"""Prints results to the standard output and notes to the standard error."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext

from rich.console import Console
from rich.table import Table
from rich.text import Text

STATE_STYLES = {"SUCCEEDED": "green", "FAILED": "bold red", "RUNNING": "cyan", "CANCELLED": "yellow"}
_PLAIN_WIDTH = 120
_FRAME = 6
"""Lines of a screen that a table's head and the prompt take."""


def console_of(terminal: bool | None = None) -> Console:
    """Return a console; elsewhere than on a terminal it prints plain lines."""
    terminal = sys.stdout.isatty() if terminal is None else terminal
    return Console() if terminal else Console(force_terminal=False, no_color=True, width=_PLAIN_WIDTH)


def print_line(line: str) -> None:
    """Print a line of the result."""
    sys.stdout.write(f"{line}\n")


def print_json(document: object, *, lines: bool = False) -> None:
    """Print a document for programs, on one line when it is one of several."""
    print_line(json.dumps(document, ensure_ascii=False, indent=None if lines else 2))
    sys.stdout.flush()


def print_note(line: str) -> None:
    """Print a note, which is no part of the result."""
    sys.stderr.write(f"sluice: {line}\n")


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
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    ]


def _table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for number, column in enumerate(columns):
        table.add_column(
            Text(column), overflow="fold", no_wrap=number == 0
        )  # the first is a name, to be copied
    for row in rows:
        table.add_row(*(Text(cell, style=STATE_STYLES.get(cell, "")) for cell in row))
    return table
