"""Cuts the cells of a table so that each row takes one line."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from rich.cells import cell_len

from cli.screen.words import cut_end, cut_middle
from sluice.visible import visible

_GAP = 2
_NARROWEST = 8
"""Below so many cells nothing can be read any more: then the line is longer than the screen."""
_SHORT = 12
"""A column that is so narrow is not cut: states, times, durations."""
_TIME = re.compile(r"^\d{4}-(\d\d-\d\d \d\d:\d\d):\d\d$")
"""A time loses its year and its seconds where there is no room."""


def fitted(rows: Sequence[Sequence[str]], width: int) -> list[list[str]]:
    """Return the rows, of which the first has the columns' names, with cells that together fit the width.

    The widest columns lose first. What identifies a row, its first cell, is cut at its end and keeps what the
    rows differ in, so that it can still be copied into a command; the others are cut in their middle.
    """
    shown = [[visible(cell) for cell in row] for row in rows]
    if _width(shown) > width:
        shown = [[_TIME.sub(r"\1", cell) for cell in row] for row in shown]
    columns = list(zip(*shown, strict=True))
    widest = [max(map(cell_len, column)) for column in columns]
    least = [most if most <= _SHORT else _NARROWEST for most in widest]
    least[0] = min(widest[0], max(least[0], _distinct(columns[0][1:]) + 1))
    widths = _narrowed(widest, least, width - _GAP * len(columns))
    return [[cut_end(row[0], widths[0]), *map(cut_middle, row[1:], widths[1:])] for row in shown]


def _width(rows: Sequence[Sequence[str]]) -> int:
    return sum(max(map(cell_len, column)) + _GAP for column in zip(*rows, strict=True))


def _narrowed(widths: Sequence[int], least: Sequence[int], room: int) -> list[int]:
    narrowed = list(widths)
    while sum(narrowed) > room:
        wider = [number for number, width in enumerate(narrowed) if width > least[number]]
        if not wider:
            break
        narrowed[max(wider, key=narrowed.__getitem__)] -= 1
    return narrowed


def _distinct(names: Sequence[str]) -> int:
    """Return how many characters from the beginning tell all these names apart."""
    ordered = sorted(set(names))
    return max((_shared(*pair) + 1 for pair in pairwise(ordered)), default=0)


def _shared(one: str, other: str) -> int:
    different = (i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b)
    return next(different, min(len(one), len(other)))
