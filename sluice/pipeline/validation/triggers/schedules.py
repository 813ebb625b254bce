"""Checks the schedules of a pipeline."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime

from sluice.errors import Mistake
from sluice.pipeline.definition import Pipeline, Schedule
from sluice.pipeline.validation.fields import listed
from sluice.triggers.schedule_times import ever_comes
from sluice.triggers.schedules import expression_problems, input_problems, timezone_problems


def check_schedules(pipeline: Pipeline) -> Iterator[Mistake]:
    """Yield what is wrong with a pipeline's schedules, and those that it has twice."""
    schedules = {
        f"triggers[{number}]": trigger
        for number, trigger in enumerate(listed(pipeline.triggers))
        if isinstance(trigger, Schedule) and _has_strings(trigger)
    }
    for where, schedule in schedules.items():
        yield from _check_schedule(where, schedule)
    counts = Counter((one.expression, one.timezone) for one in schedules.values())
    for (expression, timezone), count in counts.items():
        if count > 1:
            yield Mistake(
                "triggers",
                "each schedule once",
                f"{expression} {timezone} {count} times",
                "Drop all but one, or change the times.",
            )


def _check_schedule(where: str, schedule: Schedule) -> Iterator[Mistake]:
    problems = [Mistake(f"{where}.expression", *one) for one in expression_problems(schedule.expression)]
    problems += [Mistake(f"{where}.timezone", *one) for one in timezone_problems(schedule.timezone)]
    yield from problems
    if not problems and not ever_comes(schedule.expression, schedule.timezone, datetime.now(UTC)):
        fix = "EventBridge takes it and never starts a run: change the days, the months or the year."
        yield Mistake(f"{where}.expression", "a schedule with a time to come", schedule.expression, fix)
    for problem in input_problems(schedule.input):
        yield Mistake(f"{where}.input", *problem)


def _has_strings(schedule: Schedule) -> bool:
    return isinstance(schedule.expression, str) and isinstance(schedule.timezone, str)
