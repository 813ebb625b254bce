"""The independent computation that the demo compares with."""

from __future__ import annotations

import pytest

from cli.commands.demo.reference import flight_delays, word_counts

_HEADER = "month,carrier,origin,dest,dep_time,arr_delay\n"


def test_delays_are_means_over_those_that_arrived() -> None:
    """A cancelled flight counts as a flight and as cancelled, and has no delay."""
    rows = ["1,UA,EWR,IAH,517,11", "1,UA,EWR,IAH,533,20", "1,UA,EWR,IAH,NA,NA", "2,AA,JFK,MIA,542,"]
    found = flight_delays((_HEADER + "\n".join(rows) + "\n").encode())
    assert found["flights"] == 4
    assert found["carriers"] == [
        {"carrier": "AA", "month": 2, "flights": 1, "mean_arrival_delay": None, "cancelled_share": 0.0},
        {"carrier": "UA", "month": 1, "flights": 3, "mean_arrival_delay": 15.5, "cancelled_share": 0.333333},
    ]
    assert found["routes"] == []


def test_routes_need_a_hundred_arrivals() -> None:
    """A route with fewer arrivals is not ranked; the others are, the most punctual first."""
    rows = ["1,UA,EWR,IAH,1,5"] * 100 + ["1,UA,EWR,SNA,1,-5"] * 100 + ["1,UA,EWR,BOS,1,1"] * 99
    assert [row["route"] for row in flight_delays((_HEADER + "\n".join(rows)).encode())["routes"]] == [
        "EWR-SNA",
        "EWR-IAH",
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("To be, or not to BE!", {"to": 2, "be": 2, "or": 1, "not": 1}),
        ("don't 'tis rock''n", {"don't": 1, "tis": 1, "rock": 1, "n": 1}),
        ("a1b_c2 3", {"a": 1, "b": 1, "c": 1}),
        ("Größe größe", {"größe": 2}),
        ("", {}),
    ],
)
def test_words_are_letters_with_apostrophes_between_them(text: str, expected: dict[str, int]) -> None:
    """Digits, underscores and signs end a word; upper and lower case are one."""
    assert dict(word_counts(text.encode())) == expected
