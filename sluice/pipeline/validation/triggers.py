"""Checks the triggers of a pipeline, and which of them may meet the same file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from sluice.errors import Mistake
from sluice.pipeline.definition import Manual, Pipeline, S3Upload, Schedule
from sluice.pipeline.validation.fields import listed
from sluice.triggers.inbox import REQUESTS
from sluice.triggers.schedules import expression_problems, input_problems, timezone_problems


def check_triggers(pipeline: Pipeline) -> Iterator[Mistake]:
    """Yield what is wrong with a pipeline's triggers beside their fields."""
    triggers = listed(pipeline.triggers)
    if sum(isinstance(trigger, Manual) for trigger in triggers) > 1:
        yield Mistake(
            "triggers", "at most one Manual", "several", "Keep one: it takes every request for the pipeline."
        )
    yield from _uploads(pipeline)
    yield from _schedules(
        {f"triggers[{n}]": one for n, one in enumerate(triggers) if isinstance(one, Schedule) and _texts(one)}
    )


def _uploads(pipeline: Pipeline) -> Iterator[Mistake]:
    uploads = uploads_of(pipeline)
    for first, second in overlapping([(pipeline.name, upload) for upload in uploads]):
        yield Mistake(
            "triggers",
            "each uploaded file to match one trigger",
            f"{first[1].prefix!r} and {second[1].prefix!r}, which can match the same file",
            "Make the prefixes or suffixes differ.",
        )
    if any(upload.prefix.startswith("/") for upload in uploads):
        yield Mistake(
            "triggers",
            "a prefix without a leading /",
            "one with it",
            "Drop the /: S3 keys do not start with it.",
        )
    for upload in uploads:
        if upload.prefix and _nested(upload.prefix, REQUESTS):
            yield Mistake(
                "triggers",
                f"a prefix that takes nothing below {REQUESTS}",
                repr(upload.prefix),
                "Choose another prefix: the files that come with requests lie there.",
            )


def _schedules(schedules: dict[str, Schedule]) -> Iterator[Mistake]:
    for where, schedule in schedules.items():
        yield from (
            Mistake(f"{where}.expression", *problem) for problem in expression_problems(schedule.expression)
        )
        yield from (
            Mistake(f"{where}.timezone", *problem) for problem in timezone_problems(schedule.timezone)
        )
        yield from (Mistake(f"{where}.input", *problem) for problem in input_problems(schedule.input))
    for (expression, timezone), count in Counter(
        (one.expression, one.timezone) for one in schedules.values()
    ).items():
        if count > 1:
            yield Mistake(
                "triggers",
                "each schedule once",
                f"{expression} {timezone} {count} times",
                "Drop all but one, or change the times.",
            )


def _texts(schedule: Schedule) -> bool:
    return isinstance(schedule.expression, str) and isinstance(schedule.timezone, str)


def uploads_of(pipeline: Pipeline) -> list[S3Upload]:
    """Return the upload triggers whose prefix and suffix are texts at all."""
    uploads = [trigger for trigger in listed(pipeline.triggers) if isinstance(trigger, S3Upload)]
    return [upload for upload in uploads if isinstance(upload.prefix, str) and isinstance(upload.suffix, str)]


def overlapping(
    triggers: list[tuple[str, S3Upload]],
) -> Iterator[tuple[tuple[str, S3Upload], tuple[str, S3Upload]]]:
    """Yield the pairs of triggers, each with its pipeline's name, that one key can match both of."""
    for number, first in enumerate(triggers):
        for second in triggers[number + 1 :]:
            if _nested(first[1].prefix, second[1].prefix) and _nested(
                first[1].suffix[::-1], second[1].suffix[::-1]
            ):
                yield first, second


def _nested(first: str, second: str) -> bool:
    return first.startswith(second) or second.startswith(first)
