"""Checks how upload triggers gather files, and that a plan of uploads has files."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from sluice.duration import seconds_of
from sluice.errors import Mistake
from sluice.grouping.gathering import MAX_SECONDS
from sluice.limits import MAX_ARRAY_SIZE
from sluice.pipeline.definition import FileSet, Manual, Pipeline, Plan, S3Upload
from sluice.pipeline.validation.fields import listed

DEFAULT_SECONDS = 60
DEFAULT_MAX_WAIT = 3_600
MAX_WAIT = 24 * 3_600
_DURATION = re.compile(r"([1-9][0-9]{0,4})([sm])")
_UNITS = {"s": 1, "m": 60}


@dataclass(frozen=True, slots=True)
class Gathering:
    """How a trigger gathers: ``within`` are the seconds that a group is open at most, ``of`` the files that
    fill it, and ``after`` the seconds without a file that close it; 0 for none.
    """

    within: int
    of: int
    after: int = 0


def grouping_of(upload: S3Upload) -> Gathering:
    """Return how a trigger gathers; what is not given has its default."""
    most = upload.group_of or MAX_ARRAY_SIZE
    if upload.group_after is not None:
        wait = seconds_of(upload.group_max_wait or "") or DEFAULT_MAX_WAIT
        return Gathering(wait, most, _seconds(upload.group_after) or 0)
    seconds = _seconds(upload.group_within) if upload.group_within is not None else DEFAULT_SECONDS
    return Gathering(seconds or DEFAULT_SECONDS, most)


def check_grouping(pipeline: Pipeline) -> Iterator[Mistake]:
    """Yield what is wrong with how long triggers gather files."""
    for number, upload in enumerate(listed(pipeline.triggers)):
        if not isinstance(upload, S3Upload):
            continue
        where = f"triggers[{number}]"
        for name in ("group_within", "group_after"):
            yield from _check_seconds(f"{where}.{name}", getattr(upload, name))
        yield from _check_max_wait(where, upload)


def _check_seconds(where: str, text: object) -> Iterator[Mistake]:
    seconds = _seconds(text) if isinstance(text, str) else 1
    if seconds is None or seconds > MAX_SECONDS:
        fix = "Write whole seconds or minutes; SQS delays a message by at most 15 minutes."
        yield Mistake(where, "a time from 1s to 15m, such as 45s or 5m", repr(text), fix)


def _check_max_wait(where: str, upload: S3Upload) -> Iterator[Mistake]:
    if upload.group_after is not None and upload.group_within is not None:
        fix = "Keep one: group_max_wait= says how long a group with group_after= is open at most."
        yield Mistake(f"{where}.group_after", "no group_within= beside it", repr(upload.group_within), fix)
    wait = upload.group_max_wait
    if not isinstance(wait, str):
        return
    if upload.group_after is None:
        fix = "Write group_after='10m' beside it, or group_within= in its place."
        yield Mistake(f"{where}.group_max_wait", "group_after= beside it", f"{wait!r} alone", fix)
    seconds = seconds_of(wait)
    if not seconds or seconds > MAX_WAIT:
        fix = "Write minutes or hours."
        yield Mistake(f"{where}.group_max_wait", "a time from 1m to 24h, such as 2h", repr(wait), fix)
    elif seconds <= (_seconds(str(upload.group_after)) or 0):
        found = f"{wait!r} beside group_after={upload.group_after!r}"
        fix = (
            "Every group would close before it was quiet: raise it, or write group_within= in place of both."
        )
        yield Mistake(f"{where}.group_max_wait", "a longer time than group_after=", found, fix)


def check_plans_of_uploads(pipeline: Pipeline) -> Iterator[Mistake]:
    """Yield what is wrong with plans whose items are the files that started the run."""
    triggers = listed(pipeline.triggers)
    for step in (step for step in listed(pipeline.steps) if isinstance(step, Plan) and step.of_uploads):
        where = f"steps[{step.name!r}]"
        if triggers and not any(isinstance(trigger, S3Upload | FileSet | Manual) for trigger in triggers):
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
