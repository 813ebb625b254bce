"""How late flights arrive: cut the CSV by byte ranges, read each range, tabulate it, merge the tables.

All sums are of whole minutes, so the merged figures equal those of one pass over the file exactly.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from containers.flight_delays.flight import COLUMNS, Flight, FlightError, cells_of, flight_parser
from containers.flight_delays.table import Table, by_carrier_and_month, by_route, name_of, parts_of, rows_csv
from sluice.steps import Item, Out, Results, Upload

_MIN_RANGE_BYTES = 2 * 1024 * 1024
_MAX_RANGES = 64
_HEADER_BYTES = 4096


def cut(upload: Upload) -> Iterator[dict[str, Any]]:
    """Yield byte ranges that end at line ends, at most 64, with ranged reads near the cuts: a longer file
    takes no longer.

    Raises FlightError when the header lacks a column.
    """
    first = upload.read(0, _HEADER_BYTES).split(b"\n", 1)
    try:
        header = cells_of(first[0].removesuffix(b"\r"))
    except ValueError as error:
        raise FlightError(f"{upload.source.uri}, first line: {error}. Save it as CSV again.") from error
    missing = [column for column in COLUMNS if column not in header]
    if missing or len(first) < 2:
        raise FlightError(
            f"{upload.source.uri}, first line: expected a header with {', '.join(COLUMNS)}, found"
            f" {','.join(header)[:200]!r} (missing: {', '.join(missing) or 'a line end'}). Upload a CSV with"
            " these columns."
        )
    start = len(first[0]) + 1
    size = max(_MIN_RANGE_BYTES, -(-(upload.size - start) // _MAX_RANGES))
    for begin, stop in upload.ranges(start=start, size=size):
        yield {"start": begin, "stop": stop, "header": header}


def read(item: Item, out: Out) -> dict[str, list[int]]:
    """Return flights, cancelled, arrived and minutes late for each carrier, month and route of a range.

    Raises FlightError, naming the byte, for a line that is no flight. A line end inside quotes is none in the
    middle of a flight.
    """
    groups: dict[str, list[int]] = {}
    parse = flight_parser(item["header"])
    for offset, line in item.upload.lines(item["start"], item["stop"]):
        if line:
            try:
                _add(groups, parse(line))
            except ValueError as error:
                where = f"At byte {offset} of {item.upload.source.uri}"
                raise FlightError(f"{where}: {error} in {line[:100]!r}. Correct the line.") from error
    return groups


def _add(groups: dict[str, list[int]], flight: Flight) -> None:
    group = groups.setdefault(name_of(flight.carrier, flight.month, flight.route), [0, 0, 0, 0])
    group[0] += 1
    group[1] += flight.cancelled
    if flight.minutes_late is not None:
        group[2] += 1
        group[3] += flight.minutes_late


def tabulate(item: Item, out: Out) -> dict[str, Table]:
    """Return the two tables of a range: by carrier and month, and by route."""
    carriers: Table = {}
    routes: Table = {}
    for name, sums in item.previous.items():
        carrier, month, route = parts_of(name)
        _sum(carriers, name_of(carrier, month), sums)
        _sum(routes, route, sums)
    return {"carriers": carriers, "routes": routes}


def _sum(table: Table, name: str, sums: Iterable[int]) -> None:
    table[name] = [old + new for old, new in zip(table.get(name, [0, 0, 0, 0]), sums, strict=True)]


def merge(results: Results, out: Out) -> None:
    """Publish the delays by carrier and month, and the best and worst routes."""
    total: dict[str, Table] = {"carriers": {}, "routes": {}}
    for _, tables in results("tabulate"):
        for kind, table in tables.items():
            for name, sums in table.items():
                _sum(total[kind], name, sums)
    carriers, routes = by_carrier_and_month(total["carriers"]), by_route(total["routes"])
    out.write("carriers.csv", rows_csv(carriers))
    out.write("routes.csv", rows_csv(routes))
    flights = sum(sums[0] for sums in total["carriers"].values())
    out.write("summary.json", json.dumps({"flights": flights, "carriers": carriers, "routes": routes}))
