"""The steps of the matrix's own pipelines, which fail on purpose: by their generation, so that faults
elsewhere changes nothing of it.
"""

from __future__ import annotations

import json

from sluice.steps import Item, Out, Results
from tests.matrix.actors import Actor
from tests.matrix.installed import here

FAILING = (1, 4)
"""The items that fail."""
STEADY = 2
"""The item whose machine is lost as long as that is possible."""


class OnPurposeError(Exception):
    """This item was to fail."""


def fails_once(item: Item, out: Out) -> int:
    """Return the square of an item's number; some items fail in the first generation."""
    if item.number in FAILING and _generation() == 0:
        raise OnPurposeError(str(item.number))
    return item.number**2


def fails(item: Item, out: Out) -> int:
    """Return the square of an item's number; one item always fails."""
    if item.number == FAILING[0]:
        raise OnPurposeError(str(item.number))
    return item.number**2


def loses_its_machine(item: Item, out: Out) -> int:
    """Return the square of an item's number; one item's machine is taken away in every attempt of the first
    generation.
    """
    if item.number == STEADY and _generation() == 0:
        _me().die()
    return item.number**2


def ranks(item: Item, out: Out) -> int:
    """Return how large an item is."""
    return -item.number


def sums(results: Results, out: Out) -> None:
    """Publish every result, by its item."""
    step = "rank" if _pipeline() == "failing-once" else "wander" if _pipeline() == "wandering" else "grade"
    out.write("sum.json", json.dumps(sorted(results(step))))


def sums_what_is_there(results: Results, out: Out) -> None:
    """Publish the results that there are, and the items that have none."""
    out.write("sum.json", json.dumps([sorted(results("attempt")), results.missing("attempt")]))


def _me() -> Actor:
    actor = here().actors.current
    assert actor is not None
    return actor


def _generation() -> int:
    return int(_me().facts["name"].rsplit("_", 1)[-1])


def _pipeline() -> str:
    run = here().run_of(_me().facts["name"].split("_", 1)[0])
    assert run is not None
    return run.pipeline.name
