"""Checks the fields of a Schedule at synthesis: a deploy would refuse a wrong one late, and in other words.

Source: https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sluice.triggers.trigger_event import MAX_INPUT_BYTES

Problem = tuple[str, str, str]
"""What was expected, what was found, and what to do."""

_FORM = re.compile(r"(cron|rate|at)\((.*)\)")
_FORMS = (
    "cron(minutes hours day-of-month month day-of-week year), rate(value unit) or at(yyyy-mm-ddThh:mm:ss)"
)
_RATE = re.compile(r"([1-9]\d{0,8}) (minute|hour|day)(s?)")
_AT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d")
_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_DAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")


@dataclass(frozen=True, slots=True)
class _Field:
    """One of the six fields of a cron expression: its range, names for its numbers, and a pattern of the
    values that only this field has.
    """

    name: str
    low: int
    high: int
    names: tuple[str, ...] = ()
    special: str = "(?!)"


_CRON = (
    _Field("minutes", 0, 59),
    _Field("hours", 0, 23),
    _Field("day-of-month", 1, 31, special=r"\?|L|LW|([1-9]|[12]\d|3[01])W"),
    _Field("month", 1, 12, _MONTHS),
    _Field("day-of-week", 1, 7, _DAYS, special=r"\?|L|([1-7]|SUN|MON|TUE|WED|THU|FRI|SAT)(L|#[1-5])"),
    _Field("year", 1970, 2199),
)


def expression_problems(expression: str) -> Iterator[Problem]:
    """Yield what is wrong with a schedule's expression."""
    found = _FORM.fullmatch(expression)
    if found is None:
        yield _FORMS, repr(expression), "Write one of the three, in parentheses and without spaces around."
        return
    yield from {"cron": _cron_problems, "rate": _rate_problems, "at": _at_problems}[found[1]](found[2])


def input_problems(value: object) -> Iterator[Problem]:
    """Yield what is wrong with the input that a schedule gives its runs."""
    try:
        size = len(json.dumps(value, allow_nan=False).encode())
    except ValueError:
        yield (
            "a JSON value",
            repr(value)[:100],
            "JSON has no nan and no infinity; leave them out or write null.",
        )
        return
    except TypeError:
        return  # A value without a type in JSON is reported with the types of the fields.
    if size > MAX_INPUT_BYTES:
        yield (
            f"at most {MAX_INPUT_BYTES} bytes of JSON",
            f"{size} bytes",
            "Put it into an object and give the object's key.",
        )


def timezone_problems(timezone: str) -> Iterator[Problem]:
    """Yield what is wrong with the name of a time zone."""
    try:
        ZoneInfo(timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        fix = "Use a name of https://www.iana.org/time-zones."
        yield "a time zone such as UTC or Europe/Berlin", repr(timezone), fix


def _rate_problems(text: str) -> Iterator[Problem]:
    found = _RATE.fullmatch(text)
    if found is None or (found[1] == "1") == bool(found[3]):
        yield (
            "rate(1 hour) or rate(5 minutes)",
            f"rate({text})",
            "Use a whole number from 1 and minute(s), hour(s) or day(s); 1 has no s.",
        )


def _at_problems(text: str) -> Iterator[Problem]:
    try:
        valid = bool(_AT.fullmatch(text)) and bool(datetime.fromisoformat(text))
    except ValueError:
        valid = False
    if not valid:
        yield (
            "a time such as at(2030-01-31T09:00:00)",
            f"at({text})",
            "Leave out fractions and zone; the zone goes into timezone=.",
        )


def _cron_problems(text: str) -> Iterator[Problem]:
    given = text.split(" ")
    if len(given) != len(_CRON):
        names = ", ".join(field.name for field in _CRON)
        yield (
            f"cron with six fields ({names})",
            f"{len(given)} in cron({text})",
            "Separate them by one space; unlike Unix it has a year.",
        )
        return
    for field, value in zip(_CRON, given, strict=True):
        # A ? stands alone: only the other of the two fields counts then.
        if ("?" in value and value != "?") or not all(
            _part_is_valid(field, part) for part in value.split(",")
        ):
            expected = f"{field.name} of {field.low} to {field.high}" + (
                f" or {field.names[0]} to {field.names[-1]}" if field.names else ""
            )
            yield (
                expected,
                f"{value!r} in cron({text})",
                "Use *, numbers, ranges (1-5), lists (1,3) or steps (0/15).",
            )
    if (given[2] == "?") == (given[4] == "?"):
        found = f"{given[2]!r} and {given[4]!r} in cron({text})"
        yield (
            "? in exactly one of day-of-month and day-of-week",
            found,
            "Put ? into the one that does not count.",
        )


def _part_is_valid(field: _Field, part: str) -> bool:
    if re.fullmatch(field.special, part):
        return True
    span, slash, step = part.partition("/")
    if slash and not (step.isdecimal() and 1 <= int(step) <= field.high):
        return False
    first, dash, last = span.partition("-")
    if span == "*":
        return True
    return _number_is_valid(field, first) and (not dash or _number_is_valid(field, last))


def _number_is_valid(field: _Field, text: str) -> bool:
    return text in field.names or (
        text.isascii() and text.isdecimal() and field.low <= int(text) <= field.high
    )
