"""Checks which failures of its parents a step tolerates (``after``)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from sluice.errors import Mistake
from sluice.pipeline.after import Always, Finished, name_of
from sluice.pipeline.definition import Array, Step
from sluice.pipeline.validation.fields import is_number


def check_after(step: Step, steps: Mapping[str, Step]) -> Iterator[Mistake]:
    """Yield what is wrong with the steps that a step waits for."""
    where = f"steps[{step.name!r}].after"
    for one in step.after:
        parent = steps.get(name_of(one))
        if parent is None:
            names = ", ".join(sorted(steps))
            yield Mistake(where, f"one of {names}", repr(name_of(one)), "Correct the name or add the step.")
        elif isinstance(one, Finished):
            yield from _check_finished(where, one, parent)
    yield from _check_repeated(where, step)


def _check_finished(where: str, one: Finished, parent: Step) -> Iterator[Mistake]:
    if not isinstance(parent, Array):
        fix = f'Use after=["{one.step}"], or always("{one.step}").'
        yield Mistake(where, "finished() of an Array: a single job has no items", f"{one.step!r}", fix)
    if one.at_least is None and one.at_most is None:
        yield Mistake(where, "at_least=, at_most= or both", "neither", "Say what is tolerated.")
    if one.at_least is not None and not (is_number(one.at_least) and 0 < one.at_least <= 1):
        yield Mistake(
            where,
            "at_least above 0 and at most 1",
            repr(one.at_least),
            "Give the share of items, such as at_least=0.99.",
        )
    if one.at_most is not None and not (type(one.at_most) is int and one.at_most >= 0):
        fix = "Give how many items may fail, such as at_most=5."
        yield Mistake(where, "at_most of 0 or more, a whole number", repr(one.at_most), fix)


def _check_repeated(where: str, step: Step) -> Iterator[Mistake]:
    """Yield the parents that a step names twice, once of these with a tolerance: which one counts is open."""
    sources = (*step.follows, step.items_of) if isinstance(step, Array) else ()
    counts = Counter([*filter(None, sources), *map(name_of, step.after)])
    tolerated = {one.step for one in step.after if isinstance(one, Finished | Always)}
    for name, count in counts.items():
        if count > 1 and name in tolerated:
            fix = "Keep the one that you mean: a name, finished() or always()."
            yield Mistake(where, "each step once", f"{name!r} {count} times", fix)
