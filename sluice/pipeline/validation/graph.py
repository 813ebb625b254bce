"""Checks the graph that the steps make: their names, whom they wait for, and that they never wait in a
circle.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from sluice.errors import Mistake
from sluice.pipeline.after import names_of
from sluice.pipeline.definition import Array, Step
from sluice.pipeline.validation.bearing import check_after, check_retries
from sluice.pipeline.validation.items import check_items
from sluice.run.graph import find_cycle

RESERVED_STEP_NAMES = ("start", "cleanup", "gate")


def check_parents(step: Step, steps: list[Step]) -> Iterator[Mistake]:
    """Yield what is wrong with the parents that a step names."""
    others = {other.name: other for other in steps}
    yield from check_after(step, others)
    yield from check_retries(step, others)
    if isinstance(step, Array):
        yield from check_items(f"steps[{step.name!r}]", step, others)


def check_names(steps: list[Step]) -> Iterator[Mistake]:
    """Yield the names that stand twice, and those that Sluice keeps for itself."""
    for name, count in Counter(step.name for step in steps).items():
        if count > 1:
            yield Mistake("steps", "each name once", f"{name!r} {count} times", "Rename all but one.")
        if name in RESERVED_STEP_NAMES or str(name).startswith("gate-"):
            yield Mistake(
                f"steps[{name!r}].name",
                "another name",
                repr(name),
                "Sluice adds steps of that name itself; rename yours.",
            )


def check_cycles(steps: list[Step]) -> Iterator[Mistake]:
    """Yield the circle in which steps wait for each other, if there is one."""
    parents = {step.name: parents_of(step) for step in steps}
    cycle = find_cycle({name: tuple(p for p in names if p in parents) for name, names in parents.items()})
    if cycle:
        yield Mistake(
            "steps", "a graph without a cycle", " → ".join(cycle), "Remove one of these dependencies."
        )


def parents_of(step: Step) -> tuple[str, ...]:
    """Return the names of the steps that a step waits for, as its file says."""
    before = (*step.follows, step.items_of) if isinstance(step, Array) else ()
    return tuple(dict.fromkeys(name for name in (*before, *names_of(step.after)) if name))
