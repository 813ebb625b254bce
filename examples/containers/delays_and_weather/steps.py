"""Joins the delays of flights with the weather."""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from typing import Any

from sluice.steps import Out, Results


def join(results: Results, out: Out) -> None:
    """Publish for each month the flights, their mean delay, and the rain. Memory: a row a month."""
    trigger: Any = results.trigger
    delays, weather = trigger.results("flight-delays"), trigger.results("weather")
    rain = {row["month"]: row["rain"] for row in rows_of(weather["months.csv"])}
    flights: dict[str, int] = defaultdict(int)
    minutes: dict[str, float] = defaultdict(float)
    for row in rows_of(delays["carriers.csv"]):
        flights[row["month"]] += int(row["flights"])
        minutes[row["month"]] += int(row["flights"]) * float(row["mean_arrival_delay"] or 0)
    with out.open("joined.csv", "w") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(["month", "flights", "mean_arrival_delay", "rain"])
        for month in sorted(flights, key=int):
            mean = round(minutes[month] / flights[month], 3)
            rows.writerow([month, flights[month], mean, rain.get(month, "")])


def rows_of(upload: Any) -> list[dict[str, str]]:
    """Return the rows of a published table."""
    return list(csv.DictReader(io.StringIO(upload.text(), newline=""), strict=True))
