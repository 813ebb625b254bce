"""Renders a report as one HTML file: no script, no font, no image and no style from elsewhere."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from html import escape

from sluice.report.graph_picture import graph_picture, times_picture
from sluice.report.report import ReportStep, RunReport
from sluice.visible import visible

_POLICY = "default-src 'none'; style-src 'unsafe-inline'"
_STYLE = """ :root{color-scheme:light
dark;--ink:#1b1f24;--paper:#fff;--line:#c9d1d9;--pale:#eef1f4;--good:#1a7f37;--bad:#b42318;
--busy:#0b63c5;--rest:#6e7781}
@media(prefers-color-scheme:dark){:root{--ink:#e6edf3;--paper:#0d1117;--line:#3d444d;--pale:#161b22;--good:#3fb950;
--bad:#ff7b72;--busy:#58a6ff;--rest:#9198a1}} body{font:15px/1.5
system-ui,sans-serif;color:var(--ink);background:var(--paper);margin:2rem auto;max-width:70rem; padding:0
1rem} h1{font-size:1.4rem;overflow-wrap:anywhere}h2{font-size:1.1rem;margin-top:2rem}
table{border-collapse:collapse;width:100%}th,td{text-align:left;padding:.25rem .6rem;border-bottom:1px solid
var(--line); vertical-align:top;overflow-wrap:anywhere}td.number{text-align:right;white-space:nowrap}
pre{white-space:pre-wrap;overflow-wrap:anywhere;background:var(--pale);padding:.6rem}
.scroll{overflow-x:auto}svg text{font:13px system-ui,sans-serif;fill:var(--ink)}svg text.small{font-size:11px}
svg path{fill:none;stroke:var(--rest)}svg rect{fill:var(--pale);stroke:var(--rest);stroke-width:2} svg
.succeeded rect{stroke:var(--good)}svg .failed rect{stroke:var(--bad);stroke-dasharray:6 3} svg .running
rect{stroke:var(--busy)}svg.times rect{stroke-width:1}svg.times .succeeded rect{fill:var(--good)} svg.times
.failed rect{fill:var(--bad)}svg.times .running rect{fill:var(--busy)}
"""


def page_of(report: RunReport) -> str:
    """Return the HTML file of a report. Whatever came from outside is text in it."""
    parts = (
        _head(report),
        _section("Input", _table((), [(name, text) for name, text in report.input])),
        _section("Graph", f'<div class="scroll">{graph_picture(report)}</div>'),
        _section("Steps", _steps(report.steps)),
        _section("Times", _times(report)),
        _section("Failures", _failures(report)),
        _section("Results", _files(report)),
        _section("Code", _table(("Step", "Job definition"), _definitions(report.steps))),
    )
    title = f"{_text(report.run_id)}: {_text(report.state)}"
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        f"<title>{title}</title><style>{_STYLE}</style></head>\n<body>{''.join(parts)}"
        f"<footer><p>Written by Sluice at {_text(report.written_at)} (UTC).</p></footer></body></html>\n"
    )


def _times(report: RunReport) -> str:
    note = f"<p>{_text(report.note_on_times)}</p>" if report.note_on_times else ""
    return f'<div class="scroll">{times_picture(report)}</div>{note}'


def _head(report: RunReport) -> str:
    took = _seconds(report.created_at, report.ended_at)
    ended = f", ended {_text(report.ended_at)} after {took}" if took else ""
    return (
        f"<h1>{_text(report.run_id)}</h1><p><strong>{_text(report.state)}</strong>, a run of"
        f" {_text(report.pipeline)}. Began {_text(report.created_at)}{ended}.</p>"
    )


def _section(title: str, content: str) -> str:
    return f"<section><h2>{title}</h2>{content}</section>\n"


def _steps(steps: Sequence[ReportStep]) -> str:
    heads = (
        "Step",
        "Kind",
        "State",
        "Children",
        "Failed",
        "Items",
        "Generation",
        "Started",
        "Took",
        "Reason",
    )
    return _table(heads, [_row(step) for step in steps])


def _row(step: ReportStep) -> tuple[str | int, ...]:
    items = "" if step.items is None else f"{step.items:,}"
    lost = f", {step.failed_items:,} failed" if step.failed_items else ""
    return (
        step.name,
        step.kind,
        step.state,
        f"{step.done:,} of {step.children:,}" if step.children else "",
        step.failed,
        items + lost,
        step.generation,
        step.started_at,
        _seconds(step.started_at, step.ended_at),
        step.reason,
    )


def _failures(report: RunReport) -> str:
    if not report.failures:
        return "<p>None.</p>"
    found = "".join(
        f"<h3>{_text(one.step)}: {one.count:,} failed</h3><pre>{_text(one.reason)}</pre>"
        + "".join(f"<p>{_text(item)}</p>" for item in one.items)
        for one in report.failures
    )
    return found + ("<p>There are more.</p>" if report.more_failures else "")


def _files(report: RunReport) -> str:
    if not report.files:
        return "<p>None.</p>"
    return _table(("File", "Bytes"), [(one.name, one.size) for one in report.files])


def _definitions(steps: Sequence[ReportStep]) -> list[tuple[str | int, ...]]:
    return [(step.name, step.definition) for step in steps if step.definition]


def _table(heads: Sequence[str], rows: Iterable[Sequence[str | int]]) -> str:
    head = "".join(f'<th scope="col">{one}</th>' for one in heads)
    body = "".join("<tr>" + "".join(map(_cell, row)) + "</tr>" for row in rows)
    return (
        f'<div class="scroll"><table>{f"<thead><tr>{head}</tr></thead>" if head else ""}{body}</table></div>'
    )


def _cell(value: str | int) -> str:
    return f'<td class="number">{value:,}</td>' if isinstance(value, int) else f"<td>{_text(value)}</td>"


def _text(text: str) -> str:
    return escape(visible(text, keep="\n"))


def _seconds(start: str, end: str) -> str:
    if not start or not end:
        return ""
    return f"{(datetime.fromisoformat(end) - datetime.fromisoformat(start)).total_seconds():,.1f} s"
