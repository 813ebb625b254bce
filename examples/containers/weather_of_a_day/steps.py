"""Sums up the weather of one day."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Sequence

from sluice.steps import Out, Results

COLUMNS = ("origin", "temp", "precip", "visib")
UNKNOWN = ("", "NA")


class WeatherError(Exception):
    """The file is no table of weather."""


def day(results: Results, out: Out) -> None:
    """Publish the hours of a day, the inches of rain, and the lowest and highest temperature and visibility.
    Memory: the file, 10 KB.

    Raises WeatherError when the header lacks a column, or a row is none.
    """
    upload = results.trigger.upload
    table = csv.DictReader(io.StringIO(upload.text(), newline=""), strict=True)
    try:
        check_columns(table.fieldnames or ())
        rows = [values_of(row) for row in table]
    except (csv.Error, ValueError) as error:
        where = f"{upload.source.uri}, line {max(table.reader.line_num, 1)}"
        raise WeatherError(f"{where}: {error}. Upload the day again.") from error
    temperatures, rain, miles = ([row[column] for row in rows] for column in range(3))
    found = {
        "hours": len(rows),
        "rain": round(sum(inches or 0.0 for inches in rain), 2),
        "temperature": ends_of(temperatures),
        "visibility": ends_of(miles),
    }
    out.write("day.json", json.dumps(found))


def check_columns(names: Sequence[str]) -> None:
    """Refuse a header that lacks a column."""
    missing = [column for column in COLUMNS if column not in names]
    if missing:
        raise ValueError(f"expected {', '.join(COLUMNS)}, found no {', '.join(missing)}")


def values_of(row: dict[str, str | None]) -> list[float | None]:
    """Return the measurements of an hour; None where there is none."""
    cells = [row[column] for column in COLUMNS]
    if None in cells:
        raise ValueError(f"expected as many cells as the header has, found {', '.join(filter(None, cells))}")
    return [None if cell in UNKNOWN else float(cell or "") for cell in cells[1:]]


def ends_of(values: Iterable[float | None]) -> list[float]:
    """Return the lowest and the highest of what is known."""
    known = [value for value in values if value is not None]
    return [min(known), max(known)] if known else []
