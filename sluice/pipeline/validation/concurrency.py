"""Checks how many runs of a pipeline may run at the same time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import get_type_hints

from pydantic import TypeAdapter

from sluice.errors import Mistake
from sluice.pipeline.definition import Pipeline, S3Upload
from sluice.pipeline.validation.fields import checked, listed

_WITH_PARTITION = ("FileSet", "AfterRun")
_FIELDS = ("max_concurrent_runs", "per", "replace")


def check_concurrency(pipeline: Pipeline) -> Iterator[Mistake]:
    """Yield what is wrong with ``max_concurrent_runs``, ``per`` and ``replace``."""
    hints = get_type_hints(Pipeline, include_extras=True)
    wrong = [
        mistake
        for name in _FIELDS
        for mistake in checked(name, TypeAdapter(hints[name]), _value(pipeline, name))
    ]
    yield from wrong
    if wrong:
        return
    if pipeline.max_concurrent_runs is None:
        yield from _without_limit(pipeline)
    elif pipeline.per == "object" and not _has_objects(pipeline):
        yield Mistake(
            "per",
            "an S3Upload that starts a run for each file",
            "'object' without one",
            "Add the trigger, without group_within=, or write per='pipeline'.",
        )
    else:
        yield from _check_partition(pipeline)


def _check_partition(pipeline: Pipeline) -> Iterator[Mistake]:
    without = [one for one in listed(pipeline.triggers) if type(one).__name__ not in _WITH_PARTITION]
    if without and pipeline.per == "partition":
        yield Mistake(
            "per",
            "triggers with a partition key",
            f"{type(without[0]).__name__} without one",
            "Let a FileSet start it, or write per='pipeline': its runs would all wait for one another.",
        )


def _without_limit(pipeline: Pipeline) -> Iterator[Mistake]:
    """Yield what says how runs wait where none has to."""
    for name, default in (("per", "pipeline"), ("replace", None)):
        if _value(pipeline, name) != default:
            yield Mistake(
                name,
                "max_concurrent_runs= beside it",
                f"{name}={_value(pipeline, name)!r} alone",
                "Write max_concurrent_runs=1: without it all runs run at the same time.",
            )


def _has_objects(pipeline: Pipeline) -> bool:
    return any(isinstance(one, S3Upload) and not one.gathers for one in listed(pipeline.triggers))


def _value(pipeline: Pipeline, name: str) -> object:
    return getattr(pipeline, name)
