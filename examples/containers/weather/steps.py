"""Sums up the weather of airports by month."""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from collections.abc import Mapping, Sequence

from sluice.steps import Out, Results, Upload

COLUMNS = ("month", "precip", "visib")
UNKNOWN = ("", "NA")


class WeatherError(Exception):
    """The file is no table of weather."""


def months(results: Results, out: Out) -> None:
    """Publish for each month the hours, the inches of rain and the mean visibility in miles. Memory: 2 MiB.

    Raises WeatherError when the header lacks a column, or a row is none.
    """
    upload = results.trigger.upload
    table = csv.DictReader(io.TextIOWrapper(upload.open(), encoding="utf-8", newline=""), strict=True)
    sums: dict[int, list[float]] = defaultdict(lambda: [0, 0, 0, 0])
    try:
        check_columns(table.fieldnames or ())
        for row in table:
            add(row, sums)
    except csv.Error as error:
        what = f"expected cells quoted as a whole or not at all, and quotes that are closed, found {error}"
        raise refused(upload, table, what) from error
    except ValueError as error:
        raise refused(upload, table, str(error)) from error
    with out.open("months.csv", "w") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(["month", "hours", "rain", "visibility"])
        for month, (hours, rain, miles, seen) in sorted(sums.items()):
            rows.writerow([month, int(hours), round(rain, 2), round(miles / seen, 3) if seen else ""])


def check_columns(names: Sequence[str]) -> None:
    """Refuse a header that lacks a column."""
    missing = [column for column in COLUMNS if column not in names]
    if missing:
        raise ValueError(f"expected {', '.join(COLUMNS)}, found no {', '.join(missing)}")


def add(row: Mapping[str, str | None], sums: dict[int, list[float]]) -> None:
    """Add an hour to its month."""
    month, rain, miles = (row[column] for column in COLUMNS)
    if month is None or rain is None or miles is None:
        cells = ", ".join(filter(None, row.values()))
        raise ValueError(f"expected as many cells as the header has, found {cells}")
    if not month.isdecimal():
        raise ValueError(f"expected the number of a month, found {month!r}")
    found = sums[int(month)]
    found[0] += 1
    found[1] += number(rain)
    found[2] += number(miles)
    found[3] += miles not in UNKNOWN


def number(text: str) -> float:
    """Return a measurement; one that is not known counts nothing."""
    if text in UNKNOWN:
        return 0.0
    try:
        return float(text)
    except ValueError:
        raise ValueError(f"expected a number or NA, found {text!r}") from None


def refused(upload: Upload, table: csv.DictReader[str], what: str) -> WeatherError:
    """Return the error of the line that was read last."""
    number = table.reader.line_num
    where = f"line {number}" if number > 1 else "first line"
    return WeatherError(f"{upload.source.uri}, {where}: {what}. Upload a CSV with these columns.")
