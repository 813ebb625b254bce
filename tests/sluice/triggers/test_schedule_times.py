"""Which schedules never come."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from sluice.triggers.schedule_times import ever_comes

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    "expression",
    [
        "cron(0 2 ? * SUN *)",
        "cron(0 9 29 2 ? *)",
        "cron(0 9 29 FEB ? 2028)",
        "cron(0 9 31 * ? *)",
        "cron(0 9 31 1/2 ? 2030)",
        "cron(0 9 28 11 ? 2026)",
        "cron(0 9 L 2 ? *)",
        "cron(0 9 LW * ? *)",
        "cron(0 9 31W 12 ? 2026)",
        "cron(0 9 ? 2 2#5 *)",
        "cron(0 9 ? 12 6L 2026)",
        "cron(0 9 ? * L *)",
        "cron(0 9 ? DEC FRI-MON 2026)",
        "cron(* * * * ? 2199)",
        "cron(0 9 1,31 2 ? *)",
        "rate(1 day)",
        "at(2026-11-28T13:00:00)",
    ],
)
def test_what_has_a_time_to_come(expression: str) -> None:
    """Also once in four years, and on the last day that is left."""
    assert ever_comes(expression, "UTC", NOW)


@pytest.mark.parametrize(
    "expression",
    [
        "cron(0 9 31 2 ? *)",
        "cron(0 9 30,31 FEB ? *)",
        "cron(0 9 31 4,6,9,11 ? *)",
        "cron(0 9 29 2 ? 2027)",
        "cron(0 9 ? * SUN 2025)",
        "cron(0 9 27 11 ? 2026)",
        "cron(0 9 ? * MON 2020-2025)",
        "cron(0 9 31W 2 ? *)",
        "cron(0 9 ? 2 2#5 2027)",
        "at(2026-11-28T11:00:00)",
    ],
)
def test_what_never_comes_any_more(expression: str) -> None:
    """A day that no month has, a year that is over, a time that has passed."""
    assert not ever_comes(expression, "UTC", NOW)


def test_a_time_is_one_of_its_time_zone() -> None:
    """At noon in UTC it is not noon yet in New York."""
    assert ever_comes("at(2026-11-28T11:00:00)", "America/New_York", NOW)
    assert not ever_comes("at(2026-11-28T13:00:00)", "Europe/Berlin", NOW)
