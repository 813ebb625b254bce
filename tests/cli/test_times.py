"""Times and durations for people."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime

import pytest

from cli.times import duration, moment, point_in_time


def test_a_moment_is_in_utc() -> None:
    """Whatever the offset of the stamp."""
    assert moment("2026-01-01T01:00:00.500+01:00") == "2026-01-01 00:00:00"


def test_a_duration() -> None:
    """Nothing, for what has not begun."""
    assert (duration(2.25), duration(None)) == ("2.2 s", "")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-11-28", "2026-11-28T00:00:00.000+00:00"),
        ("2026-11-28T09:30", "2026-11-28T09:30:00.000+00:00"),
        ("2026-11-28T09:30+01:00", "2026-11-28T08:30:00.000+00:00"),
        ("90m", "2026-11-28T08:00:00.000+00:00"),
        ("2d", "2026-11-26T09:30:00.000+00:00"),
    ],
)
def test_a_point_in_time(text: str, expected: str) -> None:
    """As the ledger has it: a date, a time, or how long ago."""
    assert point_in_time(text, datetime(2026, 11, 28, 9, 30, tzinfo=UTC)) == expected


@pytest.mark.parametrize("text", ["", "yesterday", "2026-13-01", "3y", "999999w"])
def test_no_point_in_time(text: str) -> None:
    """The error shows the forms."""
    with pytest.raises(argparse.ArgumentTypeError, match="a time such as 2026-11-28"):
        point_in_time(text)
