"""Which times of a schedule were looked at, and which are still to be looked at; pure.

A schedule is known by the name of its trigger. Its times from ``since`` to ``until`` were, or are to be,
looked at; those of the ``open`` ranges are still to be. What was looked at is kept also when nothing is open,
so that a later deploy begins where the former one ended.
"""

from __future__ import annotations

import heapq
import io
from base64 import b64decode
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

from sluice.run.compiled import CaughtUpSchedule
from sluice.triggers.schedule_times import times_between

_NEXT = timedelta(seconds=1)
"""Scheduled times are whole minutes."""
Range = tuple[datetime, datetime]
"""From a time up to, without, another one."""


@dataclass(frozen=True, slots=True)
class Covered:
    """The times of one schedule, as far as they were looked at; ranges are in order and apart."""

    since: datetime
    until: datetime
    open: tuple[Range, ...] = ()

    def extended(self, start: datetime | None, now: datetime) -> Covered:
        """Return what is covered when all times from ``start`` up to now are to be; without a start those
        since the first deploy.

        An earlier start adds the times before the former one, a later one drops those that are still open
        before it.
        """
        since = self.since if start is None else start
        wanted = [(since, self.since), *self.open, (self.until, now)]
        cut = ((max(begin, since), end) for begin, end in wanted)
        return Covered(since, max(self.until, now), _joined(one for one in cut if one[0] < one[1]))

    def past(self, time: datetime) -> Covered:
        """Return what is covered when all its times up to this one were looked at."""
        left = ((max(begin, time + _NEXT), end) for begin, end in self.open)
        return Covered(self.since, self.until, tuple(one for one in left if one[0] < one[1]))

    def closed(self) -> Covered:
        """Return what is covered when no time is left."""
        return Covered(self.since, self.until)

    def reopened(self) -> Covered:
        """Return what is covered as if no time had been looked at."""
        whole = ((self.since, self.until),) if self.since < self.until else ()
        return Covered(self.since, self.until, whole)


def registered(
    known: Mapping[str, Covered], schedules: Sequence[CaughtUpSchedule], now: datetime
) -> dict[str, Covered]:
    """Return what is covered of a pipeline's schedules, by their names, when these are deployed.

    A schedule in the place of another one, which is another expression or time zone, goes on where that one
    was: a time before the change was that one's. One that comes beside others begins at its own start.
    """
    names = {one.trigger for one in schedules}
    former = sorted((one for name, one in known.items() if name not in names), key=lambda one: one.until)
    found: dict[str, Covered] = {}
    for one in schedules:
        begin = start_of(one)
        before = known.get(one.trigger) or (former.pop() if former else None)
        found[one.trigger] = (before or _nothing(begin or now)).extended(begin, now)
    return found


def missed_times(
    schedules: Sequence[CaughtUpSchedule], covered: Mapping[str, Covered]
) -> Iterator[tuple[datetime, CaughtUpSchedule]]:
    """Yield the times that are still to be looked at, in order, each with its schedule."""
    known = [one for one in schedules if one.trigger in covered]
    streams = (_times(one, covered[one.trigger].open) for one in known)
    return heapq.merge(*streams, key=lambda one: one[0])


def start_of(schedule: CaughtUpSchedule) -> datetime | None:
    """Return the time from which on a schedule's times are caught up; None for the first deploy."""
    if not schedule.start:
        return None
    return datetime.fromisoformat(schedule.start).replace(tzinfo=_zone(schedule)).astimezone(UTC)


def _times(
    schedule: CaughtUpSchedule, ranges: Sequence[Range]
) -> Iterator[tuple[datetime, CaughtUpSchedule]]:
    zone = _zone(schedule)
    for begin, end in ranges:
        yield from ((time, schedule) for time in times_between(schedule.expression, zone, begin, end))


def _zone(schedule: CaughtUpSchedule) -> tzinfo:
    """Return a schedule's time zone, from what was compiled with it: the image of a Lambda may have none.

    https://github.com/aws/aws-lambda-dotnet/issues/1620
    """
    if not schedule.zone:
        return UTC
    return ZoneInfo.from_file(io.BytesIO(b64decode(schedule.zone)), key=schedule.timezone)


def _nothing(begin: datetime) -> Covered:
    return Covered(begin, begin)


def _joined(ranges: Iterator[Range]) -> tuple[Range, ...]:
    """Return ranges in order, those that touch or overlap as one."""
    found: list[Range] = []
    for begin, end in sorted(ranges):
        if found and begin <= found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((begin, end))
    return tuple(found)
