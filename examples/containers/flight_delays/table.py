"""The tables of flight delays: four sums a row, and the figures that people read."""

from __future__ import annotations

import csv
import io
from typing import Any

MIN_ARRIVALS = 100
"""Fewer arrivals are too few for a mean."""

_SEPARATOR = "\x1f"
Table = dict[str, list[int]]
"""Flights, cancelled, arrived, minutes late (sum over those that arrived), by name."""


def name_of(*parts: object) -> str:
    """Return the name of a row: its parts, with a character between them that no airline has in its name."""
    return _SEPARATOR.join(map(str, parts))


def parts_of(name: str) -> list[str]:
    """Return the parts of a row's name."""
    return name.split(_SEPARATOR)


def by_carrier_and_month(table: Table) -> list[dict[str, Any]]:
    """Return a row for each carrier and month, in that order."""
    rows = []
    for name, (flights, cancelled, arrived, minutes) in table.items():
        carrier, month = parts_of(name)
        row = {
            "carrier": carrier,
            "month": int(month),
            "flights": flights,
            "mean_arrival_delay": mean(minutes, arrived),
        }
        rows.append(row | {"cancelled_share": round(cancelled / flights, 6)})
    return sorted(rows, key=lambda row: (row["carrier"], row["month"]))


def by_route(table: Table) -> list[dict[str, Any]]:
    """Return the routes with enough arrivals, the most punctual first."""
    rows = [
        {"route": route, "flights": flights, "mean_arrival_delay": mean(minutes, arrived)}
        for route, (flights, _, arrived, minutes) in table.items()
        if arrived >= MIN_ARRIVALS
    ]
    return sorted(rows, key=lambda row: (row["mean_arrival_delay"], row["route"]))


def mean(minutes: int, arrived: int) -> float | None:
    """Return minutes a flight; None when none arrived."""
    return round(minutes / arrived, 6) if arrived else None


def rows_csv(rows: list[dict[str, Any]]) -> str:
    """Return rows as CSV with a header; nothing for no rows."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]) if rows else [], lineterminator="\n")
    if rows:
        writer.writeheader()
        writer.writerows(rows)
    return text.getvalue()
