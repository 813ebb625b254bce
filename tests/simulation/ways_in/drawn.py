"""Random triggers, and how many runs of them may run at a time."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sluice.pipeline.definition import AfterRun, FileSet, Manual, Pipeline, S3Upload, Schedule, Trigger

SET = "set"
"""The name that partition keys have in common, and ``SETS`` its values."""
SETS = ("set-0", "set-1", "set-2")
STARTS = ("2029-12-30T00:00:00", "2029-12-31", "2030-01-01")
"""Days before the simulation begins, and that on which it does."""
_KINDS = ("upload", "upload", "group", "set", "set", "manual", "manual", "schedule", "catch-up")
_CHAINED_SHARE, _CHAINED_SHARE_OF_MANY, _ORDERED_SHARE = 0.2, 0.5, 0.3
_QUIET_SHARE = 0.5


def drawn_trigger(draw: random.Random, name: str, others: Sequence[Pipeline]) -> Trigger:
    """Return a trigger of a pipeline; runs of ``others`` may start it."""
    share = _CHAINED_SHARE if len(others) == 1 else _CHAINED_SHARE_OF_MANY
    if others and draw.random() < share:
        return _chain(draw, others)
    kind, prefix = draw.choice(_KINDS), f"{name}/"
    if kind == "set":
        return _file_set(draw, prefix)
    if kind == "upload":
        return S3Upload(prefix=prefix, suffix=".dat")
    if kind == "group":
        within, most = draw.choice(("10s", "60s")), draw.choice((2, 3, 50))
        return S3Upload(prefix=prefix, suffix=".dat", group_within=within, group_of=most)
    if kind == "manual":
        return Manual()
    if kind == "schedule":
        return Schedule("rate(1 hour)", input={SET: SETS[0]})
    return _caught_up(draw)


def _chain(draw: random.Random, others: Sequence[Pipeline]) -> AfterRun:
    if len(others) == 1 or draw.random() < 0.3:
        return AfterRun(str(draw.choice(others).name))
    keyed = [one for one in others if has_key(one, others)]
    joined = draw.sample(keyed if len(keyed) > 1 and draw.random() < 0.8 else list(others), 2)
    if draw.random() < 0.25:
        return AfterRun(*(str(one.name) for one in joined), when="any")
    return _join(draw, joined, others)


def _join(draw: random.Random, joined: Sequence[Pipeline], others: Sequence[Pipeline]) -> AfterRun:
    names = [str(one.name) for one in joined]
    if not all(has_key(one, others) for one in joined):
        return AfterRun(*names, by=[])
    # Without `by` it is what the keys have in common, which of requests is not known.
    kinds = {type(one.triggers[0]) for one in joined}
    return AfterRun(*names, by=draw.choice((None, SET)) if FileSet in kinds or kinds == {Schedule} else SET)


def has_key(pipeline: Pipeline, others: Sequence[Pipeline]) -> bool:
    """Return whether each run of a pipeline has a set in its partition key."""
    (trigger,) = pipeline.triggers
    if not isinstance(trigger, AfterRun):
        return not isinstance(trigger, S3Upload)
    if trigger.joins and trigger.by is not None:
        return SET in trigger.by
    by_name = {str(one.name): one for one in others}
    return all(has_key(by_name[name], others) for name in trigger.pipelines)


def drawn_quiet(draw: random.Random, trigger: Trigger) -> Trigger:
    """Return a trigger as it is, or, of some that gather, one whose groups close when no file came for so
    long.
    """
    if not isinstance(trigger, S3Upload) or not trigger.gathers or draw.random() >= _QUIET_SHARE:
        return trigger
    after, most = draw.choice(("10s", "50s")), draw.choice((None, "1m"))
    return replace(trigger, group_within=None, group_after=after, group_max_wait=most)


def as_of_now(pipeline: Pipeline) -> Pipeline:
    """Return a pipeline as it would be written today: in a simulation it is 2030, and what is to start in
    the future is refused.
    """
    triggers = [
        replace(one, start="2026-01-01") if isinstance(one, Schedule) and one.start else one
        for one in pipeline.triggers
    ]
    return replace(pipeline, triggers=triggers)


def _file_set(draw: random.Random, prefix: str) -> FileSet:
    parts = [str(number) for number in range(draw.randint(1, 4))]
    return FileSet(
        prefix + "{set}/{part:01}.dat",
        expect=draw.choice((parts, parts, len(parts))),
        late=draw.choice((None, "10m", "40m")),
        then=draw.choice(("run", "alert")),
        later_files=draw.choice(("rerun", "alert", "ignore")),
    )


def _caught_up(draw: random.Random) -> Schedule:
    """Return a schedule of a few times a day, so that a simulation has a few of them."""
    minutes, hours = draw.choice(("0", "15,45")), draw.choice(("0-1", "1", "0-2"))
    start = draw.choice((None, *STARTS))
    return Schedule(f"cron({minutes} {hours} * * ? *)", start=start, catch_up=True, input={SET: SETS[0]})


def drawn_order(draw: random.Random, trigger: Trigger) -> dict[str, Any]:
    """Return how many runs may run at a time, for some pipelines."""
    if draw.random() >= _ORDERED_SHARE:
        return {}
    pers = ["pipeline"]
    if isinstance(trigger, S3Upload) and not trigger.gathers:
        pers.append("object")
    if isinstance(trigger, FileSet):
        pers.append("partition")
    is_caught_up = isinstance(trigger, Schedule) and trigger.catch_up
    return {
        "max_concurrent_runs": draw.choice((1, 1, 2)),
        "per": draw.choice(pers),
        # Runs of missed times would replace one another, which is refused.
        "replace": None if is_caught_up else draw.choice((None, "newest")),
    }
