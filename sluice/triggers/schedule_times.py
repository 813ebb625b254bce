"""Whether a schedule ever comes: 31 February and a year that is over are legal to EventBridge, and silent.

Source: https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, tzinfo
from itertools import takewhile
from zoneinfo import ZoneInfo

_LAST_YEAR = 2199
_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_DAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
_LAST_OF_MONTH = re.compile(r"(?P<day>[1-7]|[A-Z]{3})L")
_NTH_OF_MONTH = re.compile(r"(?P<day>[1-7]|[A-Z]{3})#(?P<nth>[1-5])")


def ever_comes(expression: str, timezone: str, now: datetime) -> bool:
    """Return whether a valid ``cron(...)``, ``rate(...)`` or ``at(...)`` has a time after ``now``."""
    kind, _, rest = expression.partition("(")
    text = rest.removesuffix(")")
    if kind == "at":
        return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(timezone)) > now
    today = now.astimezone(ZoneInfo(timezone)).date()
    return kind == "rate" or next(_days(text.split(" "), today), None) is not None


def times_between(expression: str, zone: tzinfo, since: datetime, until: datetime) -> Iterator[datetime]:
    """Yield the times of a valid ``cron(...)`` or ``at(...)`` in a time zone, from ``since`` to before
    ``until``, in UTC.

    A local time that does not exist, when clocks go forward, is left out, and one that comes twice, when they
    go back, counts once, the first time, as EventBridge Scheduler has it:
    https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html#daylist-savings-time
    Raises ValueError for ``rate(...)``, whose times depend on when it was deployed.
    """
    kind, _, rest = expression.partition("(")
    text = rest.removesuffix(")")
    if kind == "rate":
        raise ValueError(f"Expected cron(…) or at(…), found {expression}.")
    named = (
        [datetime.fromisoformat(text)] if kind == "at" else _local_times(text.split(" "), since, until, zone)
    )
    for local in named:
        moment = local.replace(tzinfo=zone).astimezone(UTC)
        exists = moment.astimezone(zone).replace(tzinfo=None) == local
        if exists and since <= moment < until:
            yield moment


def _local_times(fields: list[str], since: datetime, until: datetime, zone: tzinfo) -> Iterator[datetime]:
    """Yield the local times of a cron expression on the days of a range."""
    minutes, hours = sorted(_numbers(fields[0], 0, 59)), sorted(_numbers(fields[1], 0, 23))
    last = until.astimezone(zone).date()
    for day in takewhile(lambda one: one <= last, _days(fields, since.astimezone(zone).date())):
        yield from (datetime.combine(day, time(hour, minute)) for hour in hours for minute in minutes)


def _days(fields: list[str], today: date) -> Iterator[date]:
    """Yield the days of a cron expression, from today on."""
    _, _, of_month, month, of_week, year = fields
    for one_year in sorted(_numbers(year, today.year, _LAST_YEAR)):
        for one_month in sorted(_numbers(month, 1, 12, _MONTHS)):
            days = _of_month(of_month, one_year, one_month) & _of_week(of_week, one_year, one_month)
            found = (date(one_year, one_month, day) for day in sorted(days))
            yield from (day for day in found if day >= today)


def _of_month(text: str, year: int, month: int) -> set[int]:
    """Return the days of a month that its day-of-month field names; ``?`` names all."""
    last = monthrange(year, month)[1]
    found: set[int] = set()
    for part in text.split(","):
        if part in ("?", "*"):
            return set(range(1, last + 1))
        if part in ("L", "LW"):
            found.add(last if part == "L" else _weekday_near(year, month, last))
        elif part.endswith("W"):
            found |= {_weekday_near(year, month, int(part[:-1]))} if int(part[:-1]) <= last else set()
        else:
            found |= _numbers(part, 1, 31)
    return {day for day in found if day <= last}


def _of_week(text: str, year: int, month: int) -> set[int]:
    """Return the days of a month that its day-of-week field names; ``?`` names all."""
    last = monthrange(year, month)[1]
    found: set[int] = set()
    for part in text.split(","):
        if part in ("?", "*"):
            return set(range(1, last + 1))
        found |= _of_weekdays(part, year, month, last)
    return found


def _of_weekdays(part: str, year: int, month: int, last: int) -> set[int]:
    if (of_last := _LAST_OF_MONTH.fullmatch(part)) is not None:
        return {max(_each(of_last["day"], year, month, last))}
    if (nth := _NTH_OF_MONTH.fullmatch(part)) is not None:
        number = int(nth["nth"])
        return set(sorted(_each(nth["day"], year, month, last))[number - 1 : number])
    # L alone is the last day of the week.
    wanted = {7} if part == "L" else _numbers(part, 1, 7, _DAYS)
    return {day for day in range(1, last + 1) if _weekday(year, month, day) in wanted}


def _each(name: str, year: int, month: int, last: int) -> set[int]:
    (number,) = _numbers(name, 1, 7, _DAYS)
    return {day for day in range(1, last + 1) if _weekday(year, month, day) == number}


def _weekday(year: int, month: int, day: int) -> int:
    """Return the number of a day of the week as AWS counts: 1 is Sunday."""
    return date(year, month, day).isoweekday() % 7 + 1


def _weekday_near(year: int, month: int, day: int) -> int:
    """Return the weekday nearest to a day, within its month."""
    last, weekday = monthrange(year, month)[1], _weekday(year, month, day)
    if weekday == 7:
        return day - 1 if day > 1 else day + 2
    if weekday == 1:
        return day + 1 if day < last else day - 2
    return day


def _numbers(text: str, low: int, high: int, names: tuple[str, ...] = ()) -> set[int]:
    """Return the numbers of a list of values, ranges and steps, those from ``low`` to ``high``."""

    found: set[int] = set()
    for part in text.split(","):
        span, _, step = part.partition("/")
        begin, end = _span(span, low, high, names, has_step=bool(step))
        # A range may pass the end of the week or the year, as FRI-MON.
        run = range(begin, end + 1) if begin <= end else [*range(begin, high + 1), *range(low, end + 1)]
        found.update(list(run)[:: int(step or 1)])
    return {one for one in found if low <= one <= high}


def _span(text: str, low: int, high: int, names: tuple[str, ...], *, has_step: bool) -> tuple[int, int]:
    """Return the first and the last number of a value, a range or ``*``; a step goes on to the end."""
    if text == "*":
        return low, high
    first, dash, last = text.partition("-")
    begin = _number(first, names)
    if dash:
        return begin, _number(last, names)
    return begin, high if has_step else begin


def _number(word: str, names: tuple[str, ...]) -> int:
    return names.index(word) + 1 if word in names else int(word)
