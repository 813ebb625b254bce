"""Sums up the flights of a month: each file is a day."""

from __future__ import annotations

import csv
import io
import json
from pathlib import PurePosixPath
from typing import Any

from sluice.steps import Item, Out, Results

COLUMNS = ("dep_time", "arr_delay")
UNKNOWN = ("", "NA")


class FlightError(Exception):
    """The file is no table of flights."""


def delays(item: Item, out: Out) -> list[Any]:
    """Return the day of a file, its flights, the cancelled ones, those that arrived, and the minutes that
    these were late. Memory: the file, 100 KB.

    Raises FlightError when the header lacks a column, or a row is none.
    """
    upload = item.upload
    table = csv.DictReader(io.StringIO(upload.text(), newline=""), strict=True)
    sums = [0, 0, 0, 0]
    try:
        missing = [column for column in COLUMNS if column not in (table.fieldnames or ())]
        if missing:
            raise ValueError(f"expected {', '.join(COLUMNS)}, found no {', '.join(missing)}")
        for row in table:
            sums = [old + new for old, new in zip(sums, sums_of(row), strict=True)]
    except (csv.Error, ValueError) as error:
        where = f"{upload.source.uri}, line {max(table.reader.line_num, 1)}"
        raise FlightError(f"{where}: {error}. Upload the day again.") from error
    return [PurePosixPath(upload.key).stem, *sums]


def sums_of(row: dict[str, str | None]) -> list[int]:
    """Return what one flight adds."""
    departed, delay = (row[column] for column in COLUMNS)
    if departed is None or delay is None:
        raise ValueError(
            f"expected as many cells as the header has, found {', '.join(filter(None, row.values()))}"
        )
    arrived = delay not in UNKNOWN
    return [1, departed in UNKNOWN, arrived, int(float(delay)) if arrived else 0]


def month(results: Results, out: Out) -> None:
    """Publish a row for each day, and the sums of the month. Memory: a row a day."""
    trigger: Any = results.trigger
    days = sorted(found for _, found in results("delays"))
    with out.open("days.csv", "w") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(["day", "flights", "cancelled", "mean_arrival_delay"])
        for day, flights, cancelled, arrived, minutes in days:
            rows.writerow([day, flights, cancelled, round(minutes / arrived, 3) if arrived else ""])
    flights, cancelled = (sum(day[column] for day in days) for column in (1, 2))
    summary = {"period": trigger.key["period"], "days": len(days)}
    out.write("month.json", json.dumps({**summary, "flights": flights, "cancelled": cancelled}))
