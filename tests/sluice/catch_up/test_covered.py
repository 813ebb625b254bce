"""Which times of a schedule are still to be looked at, whatever is deployed when."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import pytest

from sluice.catch_up.covered import Covered, missed_times, registered
from sluice.catch_up.time_zones import time_zone_data
from sluice.run.compiled import CaughtUpSchedule

AT_TWO, AT_THREE = "cron(0 2 * * ? *)", "cron(0 3 * * ? *)"


def day(number: int, hour: int = 0) -> datetime:
    """Return a day of January 2026."""
    return datetime(2026, 1, number, hour, tzinfo=UTC)


def schedule(expression: str = AT_TWO, start: str = "2026-01-01", timezone: str = "UTC") -> CaughtUpSchedule:
    """Return a schedule whose missed times get their runs."""
    return CaughtUpSchedule(
        trigger=f"schedule:{expression} {timezone}",
        expression=expression,
        timezone=timezone,
        zone=time_zone_data(timezone),
        start=start,
    )


def missed(*schedules: CaughtUpSchedule, covered: dict[str, Covered]) -> list[str]:
    """Return the times that are left, as day and hour."""
    return [time.strftime("%dT%H") for time, _ in missed_times(schedules, covered)]


def looked_at(covered: dict[str, Covered]) -> dict[str, Covered]:
    """Return what is covered when every time was looked at."""
    return {name: one.closed() for name, one in covered.items()}


def days(first: int, last: int, hour: int = 2) -> Sequence[str]:
    """Return an hour of each of these days."""
    return [f"{number:02}T{hour:02}" for number in range(first, last + 1)]


def test_the_first_deploy_misses_all_since_the_start() -> None:
    """A time at the very start is one of them, and one at the moment of the deploy is the schedule's."""
    covered = registered({}, [schedule(start="2026-01-01T02:00:00")], day(5, 2))
    assert missed(schedule(), covered=covered) == days(1, 4)


def test_without_a_start_nothing_is_missed_at_the_first_deploy() -> None:
    """From then on it is."""
    one = schedule(start="")
    covered = registered({}, [one], day(5))
    assert missed(one, covered=covered) == []
    assert missed(one, covered=registered(covered, [one], day(8))) == days(5, 7)


def test_the_next_look_is_about_the_times_since_the_last_one() -> None:
    """What was looked at is not looked at again; what was not stays."""
    covered = registered({}, [schedule()], day(5))
    again = registered(covered, [schedule()], day(7))
    assert missed(schedule(), covered=again) == days(1, 6)
    assert missed(schedule(), covered=registered(looked_at(covered), [schedule()], day(7))) == days(5, 6)


def test_times_are_looked_at_in_order_and_once() -> None:
    """The place behind a time is kept, over a range that is cut in two."""
    (name,) = covered = registered({}, [schedule()], day(5))
    behind = {name: covered[name].past(day(2, 2))}
    assert missed(schedule(), covered=behind) == days(3, 4)
    earlier = registered(behind, [schedule(start="2025-12-31")], day(6))
    assert missed(schedule(), covered=earlier) == [*days(31, 31), *days(3, 5)]


def test_a_later_start_drops_what_is_left_before_it_and_an_earlier_one_takes_it_up_again() -> None:
    """Nothing that ran is undone, and nothing between the two is forgotten."""
    covered = registered({}, [schedule()], day(10))
    later = registered(covered, [schedule(start="2026-01-07")], day(10))
    assert missed(schedule(), covered=later) == days(7, 9)
    back = registered(looked_at(later), [schedule()], day(10))
    assert missed(schedule(), covered=back) == days(1, 6)


def test_another_expression_goes_on_where_the_former_one_was() -> None:
    """The days before the change ran at their former hour, and do not run again at the new one."""
    covered = looked_at(registered({}, [schedule()], day(5)))
    changed = registered(covered, [schedule(AT_THREE)], day(7))
    assert missed(schedule(AT_THREE), covered=changed) == days(5, 6, hour=3)
    assert list(changed) == [schedule(AT_THREE).trigger]


def test_a_further_schedule_begins_at_its_own_start() -> None:
    """The one beside it is as it was; times of both come in their order."""
    covered = looked_at(registered({}, [schedule()], day(3)))
    both = [schedule(), schedule(AT_THREE)]
    found = registered(covered, both, day(4))
    assert missed(*both, covered=found) == ["01T03", "02T03", "03T02", "03T03"]


@pytest.mark.parametrize(
    ("timezone", "hours"), [("Europe/Berlin", ["28T01", "29T00"]), ("UTC", ["28T02", "29T02"])]
)
def test_times_and_starts_are_by_the_clock_of_the_time_zone(timezone: str, hours: list[str]) -> None:
    """Also where the machine has no time zones; clocks went forward on 29 March."""
    one = schedule(start="2026-03-28", timezone=timezone)
    covered = registered({}, [one], datetime(2026, 3, 29, 12, tzinfo=UTC))
    # 02:00 does not exist on that day in Berlin.
    expected = hours if timezone == "UTC" else hours[:1]
    assert missed(one, covered=covered) == expected
