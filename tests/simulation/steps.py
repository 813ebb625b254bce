"""The functions of random pipelines: cheap, and so that what they return shows what they were given."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from sluice.steps import Item, Out, Results, Trigger
from tests.matrix.installed import here
from tests.simulation.scripts import planned, worked


class OnPurposeError(Exception):
    """This item was to fail."""


def plan(trigger: Trigger) -> Iterator[dict[str, Any]]:
    """Yield the items that the script finds in what started the run."""
    script, step, generation, mark = _simulation().playing()
    _fail_if_scripted(script.behaviour(step), generation, 0)
    yield from planned(step, mark, _simulation().attempt())


def work(item: Item, out: Out) -> int:
    """Return a number that has everything in it that the function was given."""
    script, step, generation, _ = _simulation().playing()
    _fail_if_scripted(script.behaviour(step), generation, item.number)
    followed: tuple[str, ...] = getattr(script.steps[step], "follows", ())
    before = {followed[0]: item.previous} if len(followed) == 1 else dict(item.previous or {})
    return worked(step, item.number, dict(item), before)


def fan_in(results: Results, out: Out) -> None:
    """Publish every result of every array upstream, by its item, the items without one, and those that
    failed.
    """
    script, step, generation, _ = _simulation().playing()
    _fail_if_scripted(script.behaviour(step), generation, 0)
    found = {
        array: {
            "results": sorted(results(array)),
            "missing": results.missing(array),
            "failed": [[number, dict(item)] for number, item, _ in results.failed(array)],
        }
        for array in script.read_by(step)
    }
    out.write(f"{step}.json", json.dumps(found))


def _simulation() -> Any:
    return here()


def _fail_if_scripted(behaviour: Any, generation: int, item: int) -> None:
    if item in behaviour.fails_always or (item in behaviour.fails_once and generation == 0):
        raise OnPurposeError(str(item))
