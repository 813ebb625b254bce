"""Prints results to the standard output and notes to the standard error.

Text from outside, such as keys, reasons and lines of logs, reaches a terminal here, and only with its control
and bidirectional characters made visible.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.table import Table
from rich.text import Text

from cli.screen.columns import fitted
from sluice.visible import visible, visible_json

STATE_STYLES = {"SUCCEEDED": "green", "FAILED": "bold red", "RUNNING": "cyan", "CANCELLED": "yellow"}
_PLAIN_WIDTH = 120
_TAB = "\t"
_COMMAND = re.compile(r"`[^`]*`|(?<=: )sluice .*")
_GLUE = "\ue000"
"""Stands for a space at which no line is folded."""
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


def print_sentence(line: str) -> None:
    """Print a line that people read: folded at words on a terminal, behind the spaces that it begins with;
    one line elsewhere, because programs read it.
    """
    for part in _folded(line, VisibleConsole()) if sys.stdout.isatty() else [line]:
        print_line(part)


def _folded(line: str, console: Console) -> Iterator[str]:
    """Yield a line in parts as wide as a console; a command in it stays whole, so that it can be copied."""
    indent = line[: len(line) - len(line.lstrip(" "))]
    room = max(1, console.width - len(indent))
    text = _COMMAND.sub(lambda found: found[0].replace(" ", _GLUE), visible(line[len(indent) :]))
    for part in Text(text).wrap(console, room, overflow="fold", tab_size=1):
        yield indent + part.plain.rstrip().replace(_GLUE, " ")


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
    lines = [f"sluice: {first}", *(one if one.startswith("  ") else f"  {one}" for one in more)]
    if sys.stderr.isatty():
        console = VisibleConsole(stderr=True)
        lines = [part for one in lines for part in _folded(one, console)]
    for one in lines:
        sys.stderr.write(f"{visible(one, keep=_TAB)}\n")


def answered_yes(question: str) -> bool:
    """Ask a person, on the standard error because the result may go elsewhere."""
    sys.stderr.write(f"{visible(question)} [y/N] ")
    sys.stderr.flush()
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def confirmed(question: str) -> bool:
    """Ask a person; where nobody can be asked it is a no, with a note."""
    if not sys.stdin.isatty():
        print_note("This is no terminal, so nobody can be asked: repeat the command with --yes.")
        return False
    return answered_yes(question)


def spinner(text: str) -> AbstractContextManager[object]:
    """Show on a terminal that something is in progress; on the standard error, because the result may go
    elsewhere.
    """
    return Console(stderr=True).status(text) if sys.stderr.isatty() else nullcontext()


def print_table(
    console: Console, columns: Sequence[str], rows: Sequence[Sequence[str]], *, one_line: bool = False
) -> None:
    """Print rows: on a terminal as a table, through a pager when it is longer than the screen; elsewhere as
    aligned lines, never cut.

    With ``one_line`` a row takes one line of a terminal: cells are cut, the first ones so that they still
    differ.
    """
    if one_line and console.is_terminal:
        columns, *rows = fitted([columns, *rows], console.width)
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
