"""Draws a graph with box characters, from top to bottom: a column of lanes on the left, a line with a step's
words on the right. Pure.

A lane is an edge on its way to the step that waits. Lanes branch below a step and join above one; where a
horizontal line meets a lane that is none of its own, it crosses under it, so every line can be followed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sluice.operate.pipeline_graph import Edge, Why

NODE = "●"
_GAP = "   "


def draw(words: Mapping[str, str], edges: Iterable[Edge]) -> list[str]:
    """Return the lines of a drawing; ``words`` has what to print beside each step, in topological order."""
    lanes = _Lanes()
    leaving: dict[str, list[Edge]] = {}
    for edge in edges:
        leaving.setdefault(edge.parent, []).append(edge)
    for name, text in words.items():
        lanes.step(name, text, leaving.get(name, []))
    width = max((len(graph) for graph, _ in lanes.rows), default=0)
    return [(graph.ljust(width) + _GAP + text).rstrip() for graph, text in lanes.rows]


@dataclass(frozen=True, slots=True)
class _Lane:
    child: str
    mark: str


class _Lanes:
    """The lanes that are open below the last row."""

    def __init__(self) -> None:
        self.rows: list[tuple[str, str]] = []
        self._open: list[_Lane | None] = []
        self._forked = False

    def step(self, name: str, text: str, leaving: Sequence[Edge]) -> None:
        """Draw a step: what arrives joins above it, what leaves branches below it."""
        arriving = [
            column for column, lane in enumerate(self._open) if lane is not None and lane.child == name
        ]
        column = arriving[0] if arriving else self._free(0)
        if len(arriving) > 1:
            self._row(self._junction(column, arriving[1:], last="╯", inner="┴"))
        elif self.rows and not self._forked:
            self._row(self._marks())
        for one in arriving:
            self._open[one] = None
        self._row([*self._marks()[:column], NODE, *self._marks()[column + 1 :]], text)
        self._leave(column, leaving)

    def _leave(self, column: int, leaving: Sequence[Edge]) -> None:
        columns: list[int] = []
        for edge in leaving:
            columns.append(self._free(column))
            self._open[columns[-1]] = _Lane(edge.child, "║" if edge.why is Why.EACH else "│")
        self._forked = len(columns) > 1
        if self._forked:
            self._row(self._junction(column, columns[1:], last="╮", inner="┬"))
        while self._open and self._open[-1] is None:
            self._open.pop()

    def _free(self, start: int) -> int:
        """Return the first column from ``start`` on without a lane."""
        free = next((column for column in range(start, len(self._open)) if self._open[column] is None), None)
        if free is not None:
            return free
        self._open.extend([None] * (max(start, len(self._open)) - len(self._open) + 1))
        return len(self._open) - 1

    def _marks(self) -> list[str]:
        return [lane.mark if lane else " " for lane in self._open]

    def _junction(self, column: int, others: Sequence[int], *, last: str, inner: str) -> list[str]:
        """Return a row in which ``column`` is joined with columns on its right."""
        cells = self._marks()
        cells[column] = "├"
        for other in range(column + 1, others[-1] + 1):
            if other in others:
                cells[other] = last if other == others[-1] else inner
            elif cells[other] == " ":
                cells[other] = "─"
        return [cell + ("─" if column <= number < others[-1] else " ") for number, cell in enumerate(cells)]

    def _row(self, cells: Sequence[str], text: str = "") -> None:
        wide = [cell if len(cell) > 1 else cell + " " for cell in cells]
        self.rows.append(("".join(wide).rstrip(), text))
