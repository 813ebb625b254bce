"""The steps of the matrix's own pipelines, which fail on purpose: by their generation, so that faults
elsewhere changes nothing of it.
"""

from __future__ import annotations

import json
from typing import Any

from sluice.steps import Item, Out, Results
from tests.matrix.actors import Actor
from tests.matrix.installed import here

FAILING = (1, 4)
"""The items that fail."""
STEADY = 2
"""The item whose machine is lost as long as that is possible."""
UNHEARD, GONE = 1, 2
"""The items of whose containers Docker does not report how they ended; the second one's was killed."""


class OnPurposeError(Exception):
    """This item was to fail."""


def fails_once(item: Item, out: Out) -> int:
    """Return the square of an item's number; some items fail in the first generation."""
    if item.number in FAILING and _generation() == 0:
        raise OnPurposeError(str(item.number))
    return item.number**2


def squares(item: Item, out: Out) -> int:
    """Return the square of an item's number."""
    return item.number**2


def sizes(item: Item, out: Out) -> int:
    """Return the size of an item's file."""
    return len(item.upload.read(0, item.upload.size))


def sums_sizes(results: Results, out: Out) -> None:
    """Publish the size of each file of the set."""
    out.write("sum.json", json.dumps(sorted(results("size"))))


def sums_what_came(results: Results, out: Out) -> None:
    """Publish the size of each file of the set, and what it lacks."""
    trigger: Any = results.trigger
    out.write("sum.json", json.dumps([sorted(results("size")), list(trigger.missing)]))


def publishes_its_name(results: Results, out: Out) -> None:
    """Publish the name of the pipeline."""
    out.write("value.json", json.dumps(_pipeline()))


def publishes_its_time(results: Results, out: Out) -> None:
    """Publish the time that was meant."""
    trigger: Any = results.trigger
    out.write("time.json", json.dumps(trigger.scheduled_for.isoformat()))


def joins(results: Results, out: Out) -> None:
    """Publish what the two before it have published."""
    trigger: Any = results.trigger
    both = [json.loads(trigger.results(name)["value.json"].text()) for name in ("left", "right")]
    out.write("both.json", json.dumps(both))


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


def ends_unheard(item: Item, out: Out) -> int:
    """Return the square of an item's number; of two children of the first generation Docker does not report
    the end, one of which never says that its work was done.
    """
    if item.number in (UNHEARD, GONE) and _generation() == 0:
        _me().facts = {**_me().facts, "unheard": "yes"}
        if item.number == GONE:
            _me().die()
    return item.number**2


def sums_unheard(results: Results, out: Out) -> None:
    """Publish what both arrays returned; of the first generation that runs Docker does not report the end."""
    if _generation() == 1:
        _me().facts = {**_me().facts, "unheard": "yes"}
    out.write("sum.json", json.dumps([sorted(results("heard")), sorted(results("rank"))]))


def ranks(item: Item, out: Out) -> int:
    """Return how large an item is."""
    return -item.number


def sums(results: Results, out: Out) -> None:
    """Publish every result, by its item."""
    step = "rank" if _pipeline() == "failing-once" else "wander" if _pipeline() == "wandering" else "grade"
    out.write("sum.json", json.dumps(sorted(results(step))))


def sums_both(results: Results, out: Out) -> None:
    """Publish what both arrays returned, by the item."""
    out.write("sum.json", json.dumps([sorted(results("grade")), sorted(results("good"))]))


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
