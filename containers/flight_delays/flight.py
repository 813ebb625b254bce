"""One flight, as a line of the uploaded CSV tells of it."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from typing import NamedTuple

COLUMNS = ("month", "carrier", "origin", "dest", "dep_time", "arr_delay")
_UNKNOWN = ("", "NA")


class FlightError(ValueError):
    """The uploaded file is not a CSV of flights."""


class Flight(NamedTuple):
    """A flight; ``minutes_late`` is None when it did not arrive, or not where it should."""

    carrier: str
    month: int
    route: str
    cancelled: bool
    minutes_late: int | None


def parse_flight(line: bytes, header: Sequence[str]) -> Flight:
    """Return the flight of a line; raises ValueError that says what was expected."""
    try:
        cells = next(csv.reader([line.decode()]))
    except (UnicodeDecodeError, csv.Error) as error:
        raise ValueError(f"expected a line of CSV in UTF-8 ({error})") from error
    if len(cells) != len(header):
        raise ValueError(f"expected {len(header)} columns, not {len(cells)}")
    month, carrier, origin, dest, departed, delay = (cells[header.index(column)] for column in COLUMNS)
    minutes = None if delay in _UNKNOWN else _whole(delay, "arr_delay")
    return Flight(carrier, _whole(month, "month"), f"{origin}-{dest}", departed in _UNKNOWN, minutes)


def _whole(text: str, column: str) -> int:
    """Return a whole number, which spreadsheets write as ``11.0`` too."""
    try:
        number = float(text)
        if number.is_integer():
            return int(number)
    except ValueError:
        pass
    raise ValueError(f"expected {column} to be a whole number, not {text!r}")
