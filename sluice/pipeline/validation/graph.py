"""Checks the graph of the steps: their names, their parents, and that it has no cycle."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from sluice.errors import Mistake
from sluice.pipeline.after import names_of
from sluice.pipeline.definition import Array, Step
from sluice.pipeline.validation.steps.failure_tolerance import check_after
from sluice.pipeline.validation.steps.items import check_items
from sluice.pipeline.validation.steps.resubmission import check_retries
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
    """Yield the names that several steps have, and those that Sluice reserves."""
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
    """Yield the cycle in which steps wait for each other, if there is one."""
    parents = {step.name: parents_of(step) for step in steps}
    cycle = find_cycle({name: tuple(p for p in names if p in parents) for name, names in parents.items()})
    if cycle:
        yield Mistake(
            "steps", "a graph without a cycle", " → ".join(cycle), "Remove one of these dependencies."
        )


def parents_of(step: Step) -> tuple[str, ...]:
    """Return the names of the steps that a step waits for, as its file says."""
    sources = (*step.follows, step.items_of) if isinstance(step, Array) else ()
    return tuple(dict.fromkeys(name for name in (*sources, *names_of(step.after)) if name))
