"""Which schedules never come."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from sluice.triggers.schedule_times import ever_comes, times_between

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


def between(expression: str, timezone: str, since: str, until: str) -> list[str]:
    """Return the times of a range, in UTC."""
    begin, end = (datetime.fromisoformat(text).replace(tzinfo=UTC) for text in (since, until))
    return [one.strftime("%m-%dT%H:%M") for one in times_between(expression, ZoneInfo(timezone), begin, end)]


@pytest.mark.parametrize(
    ("expression", "timezone", "since", "until", "times"),
    [
        (
            "cron(0 2 * * ? *)",
            "UTC",
            "2026-01-01",
            "2026-01-04",
            ["01-01T02:00", "01-02T02:00", "01-03T02:00"],
        ),
        ("cron(0 2 * * ? *)", "UTC", "2026-01-01T02:00", "2026-01-02T02:00", ["01-01T02:00"]),
        (
            "cron(0/30 8-9 ? * MON *)",
            "UTC",
            "2026-01-05",
            "2026-01-06",
            [f"01-05T{t}" for t in ("08:00", "08:30", "09:00", "09:30")],
        ),
        ("cron(0 0 * * ? *)", "Europe/Berlin", "2026-01-01", "2026-01-02", ["01-01T23:00"]),
        # 02:30 does not exist on 29 March 2026 in Berlin, and comes twice on 25 October.
        ("cron(30 2 * * ? *)", "Europe/Berlin", "2026-03-28", "2026-03-31", ["03-28T01:30", "03-30T00:30"]),
        (
            "cron(30 2 * * ? *)",
            "Europe/Berlin",
            "2026-10-24",
            "2026-10-27",
            ["10-24T00:30", "10-25T00:30", "10-26T01:30"],
        ),
        ("at(2026-01-02T09:00:00)", "America/New_York", "2026-01-01", "2026-01-03", ["01-02T14:00"]),
        ("at(2027-01-02T09:00:00)", "UTC", "2026-01-01", "2026-01-03", []),
        ("cron(0 9 31 * ? *)", "UTC", "2026-02-01", "2026-04-01", ["03-31T09:00"]),
    ],
)
def test_the_times_of_a_range(
    expression: str, timezone: str, since: str, until: str, times: list[str]
) -> None:
    """From the first on, without the end; by the clock of the zone, as EventBridge Scheduler has it."""
    assert between(expression, timezone, since, until) == times


def test_the_times_of_a_rate_are_not_known() -> None:
    """They depend on when it was deployed."""
    with pytest.raises(ValueError, match="Expected cron"):
        between("rate(1 day)", "UTC", "2026-01-01", "2026-01-02")
