"""The demo's figures computed again, in one plain pass over each file, by code that shares nothing with the
pipelines'.
"""

from __future__ import annotations

import csv
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from cli.commands.demo.files import lines_of

_UNKNOWN = ("", "NA")
_FEWEST_ARRIVALS = 100
_DECIMALS = 6
_BETWEEN = "'\u2018\u2019\u00b7\u0387\u05f4\u2027"
_JOINERS = "\u200c\u200d\u00ad"


@dataclass(slots=True)
class _Delays:
    """The flights of a group: how many, how many of them never left, and by how many minutes each of the
    others was late.
    """

    flights: int = 0
    cancelled: int = 0
    minutes: list[int] = field(default_factory=list)

    def add(self, row: dict[str, str]) -> None:
        self.flights += 1
        if row["dep_time"] in _UNKNOWN:
            self.cancelled += 1
        if row["arr_delay"] not in _UNKNOWN:
            self.minutes.append(int(row["arr_delay"]))

    def mean(self) -> float | None:
        return round(sum(self.minutes) / len(self.minutes), _DECIMALS) if self.minutes else None


def flight_delays(content: bytes) -> dict[str, Any]:
    """Return what flight-delays publishes as summary.json: flights, delays by carrier and month, routes from
    best to worst.
    """
    months: dict[tuple[str, int], _Delays] = defaultdict(_Delays)
    routes: dict[str, _Delays] = defaultdict(_Delays)
    for row in csv.DictReader(lines_of(content)):
        months[row["carrier"], int(row["month"])].add(row)
        routes[f"{row['origin']}-{row['dest']}"].add(row)
    return {
        "flights": sum(group.flights for group in months.values()),
        "carriers": [
            {
                "carrier": carrier,
                "month": month,
                "flights": group.flights,
                "mean_arrival_delay": group.mean(),
                "cancelled_share": round(group.cancelled / group.flights, _DECIMALS),
            }
            for (carrier, month), group in sorted(months.items())
        ],
        "routes": _ranked(routes),
    }


def _ranked(routes: dict[str, _Delays]) -> list[dict[str, Any]]:
    rows = [
        {"route": route, "flights": group.flights, "mean_arrival_delay": group.mean()}
        for route, group in routes.items()
        if len(group.minutes) >= _FEWEST_ARRIVALS
    ]
    return sorted(rows, key=lambda row: (row["mean_arrival_delay"], row["route"]))


def word_counts(content: bytes) -> Counter[str]:
    """Return how often each word stands in a text: letters, with single apostrophes between them; upper and
    lower case are one.
    """
    return Counter(unicodedata.normalize("NFC", word.lower()) for word in _words(content.decode()))


def _words(text: str) -> Iterator[str]:
    word = ""
    for at, character in enumerate(text):
        if _letter(character) or (word and _goes_on(character, text[at + 1 : at + 2])):
            word += character
        elif word:
            yield word
            word = ""
    if word:
        yield word


def _goes_on(character: str, after: str) -> bool:
    """Return whether a word goes on with a character that is no letter."""
    return _extends(character) or (character in _BETWEEN and bool(after) and _letter(after))


def _extends(character: str) -> bool:
    return character in _JOINERS or unicodedata.category(character).startswith("M")


def _letter(character: str) -> bool:
    return character.isalnum() and not character.isdecimal()
