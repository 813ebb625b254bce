"""Prints what flight-delays published, and compares it with one plain pass over the file."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from rich.console import Console
from rich.table import Table

from cli.commands.demo.reference import flight_delays
from cli.commands.demo.telling import begin

_SHOWN = 5
_MONTHS = range(1, 13)
Row = Mapping[str, Any]


def show(console: Console, published: Mapping[str, bytes], content: bytes) -> list[str]:
    """Print the tables; return a sentence for each part that differs from the independent computation."""
    begin(console, "flight-delays")
    found, expected = json.loads(published["summary.json"]), flight_delays(content)
    console.print(
        _by_month(
            "Mean arrival delay, minutes", found["carriers"], lambda row: _number(row["mean_arrival_delay"])
        )
    )
    console.print(
        _by_month("Cancelled, %", found["carriers"], lambda row: _number(row["cancelled_share"] * 100))
    )
    console.print(_routes("Best routes", found["routes"][:_SHOWN]))
    console.print(_routes("Worst routes", found["routes"][-_SHOWN:][::-1]))
    wrong = [
        f"flight-delays: {part} differs from one pass over the file."
        for part in expected
        if found.get(part) != expected[part]
    ]
    if not wrong:
        figures = len(found["carriers"]) * 2 + len(found["routes"])
        console.print(
            f"{found['flights']:,} flights; all {figures:,} figures equal those of one pass over the file.",
            highlight=False,
        )
    return wrong


def _by_month(title: str, rows: list[Row], figure: Callable[[Row], str]) -> Table:
    cells = {(row["carrier"], row["month"]): figure(row) for row in rows}
    table = Table(title=title, title_justify="left", box=None, padding=(0, 1, 0, 0))
    table.add_column("")
    for month in _MONTHS:
        table.add_column(str(month), justify="right", min_width=5)
    for carrier in sorted({carrier for carrier, _ in cells}):
        table.add_row(carrier, *(cells.get((carrier, month), "") for month in _MONTHS))
    return table


def _routes(title: str, rows: list[Row]) -> Table:
    table = Table(title=title, title_justify="left", box=None, padding=(0, 2, 0, 0))
    table.add_column("route")
    table.add_column("flights", justify="right")
    table.add_column("mean delay", justify="right")
    for row in rows:
        table.add_row(row["route"], f"{row['flights']:,}", _number(row["mean_arrival_delay"]))
    return table


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.1f}"
