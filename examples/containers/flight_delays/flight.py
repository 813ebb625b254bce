"""One flight, as it is in a line of the uploaded CSV."""

from __future__ import annotations

import csv
import math
from collections.abc import Callable, Sequence
from operator import itemgetter
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


def flight_parser(header: Sequence[str]) -> Callable[[bytes], Flight]:
    """Return what reads the lines below a header; it raises ValueError with what was expected and what
    was found.
    """
    width, places = len(header), itemgetter(*map(header.index, COLUMNS))

    def parse(line: bytes) -> Flight:
        cells = cells_of(line)
        if len(cells) != width:
            raise ValueError(f"expected {width} columns, found {len(cells)}")
        month, carrier, origin, dest, departed, delay = places(cells)
        minutes = None if delay in _UNKNOWN else _whole(delay, "arr_delay")
        return Flight(carrier, _whole(month, "month"), f"{origin}-{dest}", departed in _UNKNOWN, minutes)

    return parse


def cells_of(line: bytes) -> list[str]:
    """Return the cells of a line of CSV, read strictly; raises ValueError with what was expected."""
    try:
        text = line.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"expected CSV in UTF-8, found {error}") from error
    try:
        return next(csv.reader([text], strict=True), [])
    except csv.Error as error:
        if "\r" in text:
            raise ValueError("expected lines that end in LF or CRLF, found a CR alone") from error
        if text.count('"') % 2:
            raise ValueError("expected a quote that is closed in its line, found one that is not") from error
        raise ValueError(f"expected cells quoted as a whole or not at all, found {error}") from error


def _whole(text: str, column: str) -> int:
    """Return a whole number, which spreadsheets write as ``11.0`` too."""
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not number.is_integer():
        raise ValueError(f"expected a whole number as {column}, found {text[:40]!r}")
    return int(number)
