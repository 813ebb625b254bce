"""Checks the schedules whose missed times get their runs."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sluice.errors import Mistake
from sluice.pipeline.definition import Pipeline, Schedule
from sluice.pipeline.validation.fields import listed


def check_catch_up(pipeline: Pipeline) -> Iterator[Mistake]:
    """Yield what is wrong with ``catch_up`` and ``start``."""
    for number, trigger in enumerate(listed(pipeline.triggers)):
        if not isinstance(trigger, Schedule) or not isinstance(trigger.expression, str):
            continue
        where = f"triggers[{number}]"
        if isinstance(trigger.start, str):
            yield from _check_start(f"{where}.start", trigger)
        if trigger.catch_up is True:
            yield from _check_expression(f"{where}.catch_up", trigger)
            if pipeline.replace == "newest":
                yield Mistake(
                    f"{where}.catch_up",
                    "a pipeline each of whose runs runs",
                    "replace='newest', which replaces runs that wait",
                    "Drop one of the two: the missed times would replace one another.",
                )


def _check_expression(where: str, schedule: Schedule) -> Iterator[Mistake]:
    if not schedule.expression.startswith("cron("):
        yield Mistake(
            where,
            "a schedule with cron(…)",
            schedule.expression,
            "The times of rate(…) depend on when it was deployed, and at(…) has one alone: write cron(…).",
        )


def _check_start(where: str, schedule: Schedule) -> Iterator[Mistake]:
    begin = _begin(schedule)
    if begin is None:
        fix = "Leave out fractions and zone: it is read by the clock of timezone=."
        yield Mistake(
            where, "a day or a time such as 2026-01-31 or 2026-01-31T09:00:00", str(schedule.start), fix
        )
    elif not schedule.catch_up:
        yield Mistake(
            where,
            "catch_up=True beside it",
            f"start={schedule.start!r} alone",
            "Write both, or drop start: a schedule begins when it is deployed.",
        )
    elif begin > datetime.now(UTC):
        fix = "Deploy it then: a schedule begins when it is deployed, whatever its start."
        yield Mistake(where, "a time that is over", str(schedule.start), fix)


def _begin(schedule: Schedule) -> datetime | None:
    """Return the start of a schedule; None for what is none. A time zone that is none is reported as such."""
    try:
        found = datetime.fromisoformat(str(schedule.start))
    except ValueError:
        return None
    if found.tzinfo is not None or found.microsecond:
        return None
    try:
        return found.replace(tzinfo=ZoneInfo(schedule.timezone))
    except (ZoneInfoNotFoundError, ValueError, OSError, TypeError):
        return found.replace(tzinfo=UTC)
