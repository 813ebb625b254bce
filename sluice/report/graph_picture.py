"""Draws a run's graph and its times as SVG, for a file that has no script."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from html import escape

from sluice.report.report import ReportStep, RunReport
from sluice.visible import visible

_WIDTH, _HEIGHT, _GAP_X, _GAP_Y = 150, 38, 60, 16
_MARGIN = 10
_NAME_CHARACTERS = 20
_TIMES_WIDTH, _LABEL_WIDTH, _ROW = 640, 160, 22
MAX_DRAWN = 300
"""So many steps are drawn; the table has all."""


def layers(steps: Sequence[ReportStep]) -> dict[str, tuple[int, int]]:
    """Return the layer of each step and its place in it: a step stands one layer behind the last of its
    parents.
    """
    found: dict[str, tuple[int, int]] = {}
    sizes: dict[int, int] = {}
    for step in steps:
        layer = max((found[parent][0] + 1 for parent in step.parents if parent in found), default=0)
        found[step.name] = (layer, sizes.get(layer, 0))
        sizes[layer] = sizes.get(layer, 0) + 1
    return found


def graph_picture(report: RunReport) -> str:
    """Return the graph as an SVG element, nothing for a run without steps."""
    steps = report.steps[:MAX_DRAWN]
    if not steps:
        return ""
    places = layers(steps)
    columns = max(x for x, _ in places.values()) + 1
    rows = max(y for _, y in places.values()) + 1
    width = 2 * _MARGIN + columns * (_WIDTH + _GAP_X) - _GAP_X
    height = 2 * _MARGIN + rows * (_HEIGHT + _GAP_Y) - _GAP_Y
    edges = "".join(
        _edge(places, parent, step.name) for step in steps for parent in step.parents if parent in places
    )
    nodes = "".join(_node(step, places[step.name]) for step in steps)
    title = f"<title>The graph of {escape(visible(report.run_id))}</title>"
    return (
        f'<svg class="graph" role="img" viewBox="0 0 {width} {height}" width="{width}" height="{height}">'
        f"{title}{edges}{nodes}</svg>"
    )


def _corner(place: tuple[int, int]) -> tuple[int, int]:
    x, y = place
    return _MARGIN + x * (_WIDTH + _GAP_X), _MARGIN + y * (_HEIGHT + _GAP_Y)


def _edge(places: Mapping[str, tuple[int, int]], parent: str, child: str) -> str:
    x1, y1 = _corner(places[parent])
    x2, y2 = _corner(places[child])
    start, end = (x1 + _WIDTH, y1 + _HEIGHT // 2), (x2, y2 + _HEIGHT // 2)
    middle = (start[0] + end[0]) // 2
    return f'<path d="M{start[0]} {start[1]}C{middle} {start[1]} {middle} {end[1]} {end[0]} {end[1]}"/>'


def _node(step: ReportStep, place: tuple[int, int]) -> str:
    x, y = _corner(place)
    name = step.name if len(step.name) <= _NAME_CHARACTERS else step.name[: _NAME_CHARACTERS - 1] + "…"
    counted = f"{step.done:,} of {step.children:,}" if step.children > 1 else step.kind
    state = escape(step.state.lower())
    return (
        f'<g class="{state}"><rect x="{x}" y="{y}" width="{_WIDTH}" height="{_HEIGHT}" rx="5"/>'
        f'<text x="{x + 8}" y="{y + 16}">{escape(visible(name))}</text>'
        f'<text class="small" x="{x + 8}" y="{y + 31}">{state}, {escape(counted)}</text></g>'
    )


def times_picture(report: RunReport) -> str:
    """Return a bar for each step that has times as an SVG element: pale while it waited, full while it
    worked.
    """
    timed = [step for step in report.steps if step.submitted_at or step.started_at][:MAX_DRAWN]
    if not timed:
        return ""
    first, last = _moment(report.created_at), _moment(_end_of(report))
    whole = max(last - first, 0.001)

    def at(stamp: str) -> float:
        return _LABEL_WIDTH + max(0.0, min(1.0, (_moment(stamp) - first) / whole)) * _TIMES_WIDTH

    rows = "".join(_bars(step, number, at, _end_of(report)) for number, step in enumerate(timed))
    width, height = _LABEL_WIDTH + _TIMES_WIDTH + _MARGIN, _ROW * len(timed) + _MARGIN
    return (
        f'<svg class="times" role="img" viewBox="0 0 {width} {height}" width="{width}" height="{height}">'
        f"<title>When each step waited and worked</title>{rows}</svg>"
    )


def _bars(step: ReportStep, number: int, at: Callable[[str], float], end: str) -> str:
    y = number * _ROW + 4
    started, ended = step.started_at, step.ended_at or end
    bars = ""
    if step.submitted_at:
        bars += _bar("waited", at(step.submitted_at), at(started or ended), y)
    if started:
        bars += _bar(step.state.lower(), at(started), at(ended), y)
    return f'<text x="0" y="{y + 11}">{escape(visible(step.name[:_NAME_CHARACTERS]))}</text>{bars}'


def _bar(kind: str, start: float, end: float, y: int) -> str:
    width = max(1.0, end - start)
    return f'<g class="{escape(kind)}"><rect x="{start:.1f}" y="{y}" width="{width:.1f}" height="14"/></g>'


def _end_of(report: RunReport) -> str:
    return max([report.ended_at or report.written_at, *(step.ended_at for step in report.steps)])


def _moment(stamp: str) -> float:
    return datetime.fromisoformat(stamp).timestamp()
