"""What is run: every pipeline of the examples, found and not listed, with a small input; and ways in which
a run should not succeed.

A new pipeline joins by itself. One that an upload starts needs a body for its file here.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache, partial
from typing import TYPE_CHECKING, Any

from cli.project import EXAMPLES
from containers.flight_delays import steps as flight_delays
from containers.item_to_item import steps as item_to_item
from containers.word_count import steps as word_count
from sluice.pipeline.definition import AfterRun, FileSet, Manual, Pipeline, S3Upload
from sluice.pipeline.loading import load_pipelines
from sluice.run.compiled import CompiledPipeline, CompiledStep
from sluice.run.state import Run, RunState
from sluice.triggers.file_patterns import parse_pattern
from tests.matrix.deployment import OWN, Deployment, deployed
from tests.matrix.ways_in import PARTS, WAYS_IN

if TYPE_CHECKING:
    from tests.matrix.harness import Harness

MOST_ITEMS, MOST_ITEMS_OF_A_CHILD, MOST_FOUND_ITEMS_OF_A_CHILD = 12, 4, 2
Begin = Callable[["Harness", str], None]
"""Begins a run in a harness; the text tells apart the runs of one harness."""

_FLIGHTS = "year,month,day,dep_time,arr_delay,carrier,origin,dest\n" + "".join(
    f"2013,{month},1,517,{11 * month - 30},{carrier},JFK,LAX\n"
    for month in (1, 2, 3)
    for carrier in ("UA", "AA", "9E")
)
_RATINGS = "user,item,rating\n" + "".join(
    f"{user},{item},{stars}\n" for user, stars in (("ann", 1), ("bob", 3)) for item in ("tea", "jam", "oil")
)
_TEXT = (
    "To be, or not to be, that is the question:\nWhether 'tis nobler in the mind to suffer\nThe slings and"
    " arrows of outrageous fortune"
)
BODIES: dict[str, bytes] = {
    "word-count": _TEXT.encode(),
    "flight-delays": _FLIGHTS.encode(),
    "item-to-item": _RATINGS.encode(),
    "small-files": b"to be or not to be",
    "month-of-flights": _FLIGHTS.encode(),
    "weather-of-a-day": b"origin,temp,precip,visib\nEWR,39.02,0.5,10\nJFK,NA,0,NA\n",
    "weather": b"month,precip,visib\n1,0.5,10\n2,0,NA\n",
}
FILES_OF_A_BURST = 3
INPUTS: dict[str, Any] = {"monte-carlo": {"throws": 3}}
SMALLER: list[tuple[Any, str, Any]] = [
    (word_count, "_MIN_PIECE_BYTES", 40),
    (flight_delays, "_MIN_RANGE_BYTES", 80),
    (item_to_item, "MAX_PAIRS_OF_A_JOB", 2),
]
"""What makes a small input as many items as a large one."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """A run: how it begins, and how it must end.

    ``alerted`` says whether an alert of the failure is sent, ``tolerated`` which steps may fail in a run that
    succeeds, and ``gathers`` whether its files may become several runs.

    Of a scenario that is about what starts runs, ``together`` yields what does not hold of all its runs, the
    calls of ``stages`` alone go wrong, for its jobs are those of others, and ``waits_for`` are index keys of
    what is still to come in it.
    """

    name: str
    begin: Begin
    ends: RunState = RunState.SUCCEEDED
    alerted: bool = False
    tolerated: frozenset[str] = frozenset()
    gathers: bool = False
    together: Callable[[Harness, str], Iterator[str]] | None = None
    stages: tuple[str, ...] = ()
    waits_for: tuple[str, ...] = ()


OWN_ENDS: dict[str, dict[str, Any]] = {
    "bearing": {"tolerated": frozenset({"attempt"})},
    "mended": {"alerted": True},
}
"""What is special about the pipelines that only the matrix has."""

_ALIKE = {"month-of-flights": ("group", "trigger"), "weather-of-a-day": ("trigger",)}
"""The examples whose jobs are like those of another one: the stages whose calls go wrong."""


@cache
def deployment() -> Deployment:
    """Return what is deployed, with fewer items where a pipeline says how many there are."""
    made = deployed()
    made.definitions = {key: _smaller(text) for key, text in made.definitions.items()}
    return made


@cache
def scenarios() -> dict[str, Scenario]:
    """Return all scenarios by their names."""
    found = [
        Scenario(
            str(one.name),
            _beginning(one),
            gathers=_gathers(one),
            stages=_ALIKE.get(str(one.name), ()),
        )
        for one in begun_by_events()
    ]
    found += [
        Scenario(str(one.name), _beginning(one), **OWN_ENDS.get(str(one.name), {}))
        for one in load_pipelines(OWN)
        if str(one.name) not in (*PARTS, *WAYS_IN)
    ]
    found += [Scenario(name, **more) for name, more in WAYS_IN.items()]
    found.append(Scenario("word-count of an empty text", _upload("word-count/empty-{}.txt", b"")))
    found.append(
        Scenario(
            "word-count of what is no text",
            _upload("word-count/bad-{}.txt", _TEXT.encode() + b"\xff"),
            RunState.FAILED,
            alerted=True,
        )
    )
    return {one.name: one for one in found}


def begun_by_events() -> list[Pipeline]:
    """Return the examples but for those that begin after runs of others: what starts these is AWS Batch's
    event of a cleanup, tested in tests/lambdas/trigger/test_chains.py and tests/e2e/starting/test_chains.py.
    """
    return [
        one
        for one in load_pipelines(EXAMPLES)
        if not all(isinstance(trigger, AfterRun) for trigger in one.triggers)
    ]


def _beginning(pipeline: Pipeline) -> Begin:
    name = str(pipeline.name)
    for trigger in pipeline.triggers:
        if isinstance(trigger, FileSet):
            return _set_of(trigger, BODIES.get(name, b""))
        if isinstance(trigger, S3Upload):
            if name not in BODIES:
                raise LookupError(
                    f"Expected the body of a small file for {name} in BODIES of {__file__}, found none. Add"
                    " one."
                )
            key = f"{trigger.prefix}{{}}{trigger.suffix}"
            return _burst(key, BODIES[name]) if trigger.gathers else _upload(key, BODIES[name])
        if isinstance(trigger, Manual):
            return _ASKED.get(name) or _asked(name)
    raise LookupError(
        f"Expected {name} to start with an upload or a request, found {pipeline.triggers}. Teach {__file__}"
        " how it starts."
    )


def _asked(name: str) -> Begin:
    return lambda harness, mark: harness.request(name, mark, INPUTS.get(name))


def _gathers(pipeline: Pipeline) -> bool:
    return any(isinstance(trigger, S3Upload) and trigger.gathers for trigger in pipeline.triggers)


def _asked_and_mended(harness: Harness, mark: str) -> None:
    from tests.matrix.person import mends

    harness.request("mended", mark, None)
    mends(harness, partial(_runs_of, harness, mark))


def _runs_of(harness: Harness, mark: str) -> list[Run]:
    from tests.matrix.verdict import by_mark

    return by_mark(harness).get(mark, [])


def _asked_behind_another(harness: Harness, mark: str) -> None:
    harness.request("queued", "the one before", None)
    harness.clock.later(1, partial(harness.request, "queued", mark, None))


_ASKED: dict[str, Begin] = {"mended": _asked_and_mended, "queued": _asked_behind_another}


def _set_of(trigger: FileSet, body: bytes) -> Begin:
    """Return what uploads the files of a set within a second."""

    def begin(harness: Harness, mark: str) -> None:
        pattern = parse_pattern(trigger.pattern)
        *names, counted = pattern.names
        parts = trigger.expect if isinstance(trigger.expect, list) else ["01", "02"]
        keys = [pattern.fill({**dict.fromkeys(names, mark), counted: part}) for part in parts]
        files = {key: body or b"words" * (number + 1) for number, key in enumerate(keys)}
        if trigger.marker:
            files[f"{keys[0].rpartition('/')[0]}/{trigger.marker}"] = b""
        for number, (key, content) in enumerate(files.items()):
            harness.clock.later(number * 0.3, partial(harness.upload, key, content))

    return begin


def _burst(key: str, body: bytes) -> Begin:
    """Return what uploads files within a second, each with a word more than the one before."""

    def begin(harness: Harness, mark: str) -> None:
        for number in range(FILES_OF_A_BURST):
            content, name = body + b" again" * number, key.format(f"{mark}-{number}")
            harness.clock.later(number * 0.3, partial(harness.upload, name, content))

    return begin


def _upload(key: str, body: bytes) -> Begin:
    return lambda harness, mark: harness.upload(key.format(mark), body)


def _smaller(text: str) -> str:
    if "version" not in (document := json.loads(text)) or "steps" not in document:
        return text
    pipeline = CompiledPipeline.from_json(text)
    return replace(pipeline, steps=tuple(map(_smaller_step, pipeline.steps))).to_json()


def _smaller_step(step: CompiledStep) -> CompiledStep:
    if step.size is None and step.items_of:
        return replace(step, items_per_child=min(step.items_per_child, MOST_FOUND_ITEMS_OF_A_CHILD))
    if step.size is None or step.size <= MOST_ITEMS:
        return step
    return replace(step, size=MOST_ITEMS, items_per_child=min(step.items_per_child, MOST_ITEMS_OF_A_CHILD))
