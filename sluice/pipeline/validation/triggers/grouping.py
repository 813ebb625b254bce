"""Checks how upload triggers gather files, and that a plan of uploads has files."""

from __future__ import annotations

import re
from collections.abc import Iterator

from sluice.errors import Mistake
from sluice.grouping.gathering import MAX_SECONDS
from sluice.limits import MAX_ARRAY_SIZE
from sluice.pipeline.definition import Manual, Pipeline, Plan, S3Upload
from sluice.pipeline.validation.fields import listed

DEFAULT_SECONDS = 60
_DURATION = re.compile(r"([1-9][0-9]{0,4})([sm])")
_UNITS = {"s": 1, "m": 60}


def grouping_of(upload: S3Upload) -> tuple[int, int]:
    """Return for how many seconds a trigger gathers files, and how many at most; where one is given, the
    other has its default.
    """
    seconds = _seconds(upload.group_within) if upload.group_within is not None else DEFAULT_SECONDS
    return seconds or DEFAULT_SECONDS, upload.group_of or MAX_ARRAY_SIZE


def check_grouping(pipeline: Pipeline) -> Iterator[Mistake]:
    """Yield what is wrong with how long triggers gather files."""
    for number, upload in enumerate(listed(pipeline.triggers)):
        if not isinstance(upload, S3Upload) or not isinstance(upload.group_within, str):
            continue
        seconds = _seconds(upload.group_within)
        if seconds is None or seconds > MAX_SECONDS:
            fix = "Write whole seconds or minutes; SQS delays a message by at most 15 minutes."
            yield Mistake(
                f"triggers[{number}].group_within",
                "a time from 1s to 15m, such as 45s or 5m",
                repr(upload.group_within),
                fix,
            )


def check_plans_of_uploads(pipeline: Pipeline) -> Iterator[Mistake]:
    """Yield what is wrong with plans whose items are the files that started the run."""
    triggers = listed(pipeline.triggers)
    for step in (step for step in listed(pipeline.steps) if isinstance(step, Plan) and step.of_uploads):
        where = f"steps[{step.name!r}]"
        if triggers and not any(isinstance(trigger, S3Upload | Manual) for trigger in triggers):
            found = "triggers without files"
            yield Mistake(
                where,
                "either run=, or a trigger that has files",
                found,
                "Write the function that finds the items, or add an S3Upload.",
            )
        if step.after:
            fix = "Its items are known when the run begins; let the step that works on them wait."
            yield Mistake(f"{where}.after", "no parents of a plan without run=", repr(step.after), fix)


def _seconds(text: str) -> int | None:
    found = _DURATION.fullmatch(text)
    return int(found[1]) * _UNITS[found[2]] if found else None
