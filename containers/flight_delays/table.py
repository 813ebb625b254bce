"""The tables of flight delays: four sums a row, and the figures that people read."""

from __future__ import annotations

from typing import Any

COLUMNS = ("month", "carrier", "origin", "dest", "dep_time", "arr_delay")
FEWEST_FLIGHTS = 100
"""A route with fewer arrivals says little about the route."""

Table = dict[str, list[int]]
"""Flights, cancelled, arrived, minutes late (sum over those that arrived), by name."""


class FlightError(ValueError):
    """The uploaded file is not a CSV of flights."""


def by_carrier_and_month(table: Table) -> list[dict[str, Any]]:
    """Return a row for each carrier and month, in that order."""
    rows = []
    for name, (flights, cancelled, arrived, minutes) in table.items():
        carrier, month = name.split("|")
        row = {"carrier": carrier, "month": int(month), "flights": flights, "mean_arrival_delay": mean(minutes, arrived)}
        rows.append(row | {"cancelled_share": round(cancelled / flights, 6)})
    return sorted(rows, key=lambda row: (row["carrier"], row["month"]))


def by_route(table: Table) -> list[dict[str, Any]]:
    """Return the routes with enough arrivals, the most punctual first."""
    rows = [
        {"route": route, "flights": flights, "mean_arrival_delay": mean(minutes, arrived)}
        for route, (flights, _, arrived, minutes) in table.items()
        if arrived >= FEWEST_FLIGHTS
    ]
    return sorted(rows, key=lambda row: (row["mean_arrival_delay"], row["route"]))


def mean(minutes: int, arrived: int) -> float | None:
    """Return minutes a flight; None when none arrived."""
    return round(minutes / arrived, 6) if arrived else None


def rows_csv(rows: list[dict[str, Any]]) -> str:
    """Return rows as CSV with a header."""
    if not rows:
        return ""
    lines = [",".join(rows[0]), *(",".join("" if value is None else str(value) for value in row.values()) for row in rows)]
    return "\n".join(lines) + "\n"
