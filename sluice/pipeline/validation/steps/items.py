"""Checks which items an array works on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sluice import limits
from sluice.counted import counted
from sluice.errors import Mistake
from sluice.pipeline.definition import Array, Plan, Step


@dataclass(frozen=True, slots=True)
class Children:
    """The children of an array: two arrays that are equal in this have the same children."""

    items_of: str | None
    size: int | None
    items_per_child: int

    def __str__(self) -> str:
        items = counted(self.size or 0, "item") if self.items_of is None else f"the items of {self.items_of}"
        return f"{items}, {self.items_per_child} a child"


def check_items(where: str, step: Array, steps: Mapping[str, Step]) -> Iterator[Mistake]:
    """Yield what is wrong with where an array's items come from."""
    yield from _check_one_source(where, step)
    if step.command is not None and step.each is None:
        yield from _check_command(where, step)
    if step.items_of is not None and not isinstance(steps.get(step.items_of), Plan):
        yield Mistake(
            f"{where}.items_of", "the name of a Plan", repr(step.items_of), "Name a Plan of this pipeline."
        )
    if step.each is not None:
        yield from _check_followed(f"{where}.each", step, steps)
        if step.items_per_child != 1:
            yield Mistake(
                f"{where}.items_per_child",
                "none beside each=",
                repr(step.items_per_child),
                "It has the children of the array that it follows.",
            )


def _check_one_source(where: str, step: Array) -> Iterator[Mistake]:
    given = [f"{name}=" for name in ("items_of", "each", "size") if getattr(step, name) is not None]
    if len(given) != 1:
        fix = (
            "Name the Plan whose items it works on, or the Array that it follows, or give the number of its"
            " items."
        )
        yield Mistake(where, "one of items_of=, each= or size=", " and ".join(given) or "none", fix)


def _check_followed(where: str, step: Array, steps: Mapping[str, Step]) -> Iterator[Mistake]:
    unknown = [name for name in step.follows if not isinstance(steps.get(name), Array)]
    for name in unknown:
        yield Mistake(where, "the name of an Array", repr(name), "Name an Array of this pipeline.")
    maximum = limits.MAX_DEPENDENCIES - step.sequential - bool(step.after)
    if len(step.follows) > maximum:
        # A gate waits for whole jobs, so it cannot stand between two arrays of N_TO_N.
        yield Mistake(
            where,
            f"at most {maximum} arrays",
            f"{len(step.follows)}",
            "Let arrays between them follow some of these each.",
        )
    if not unknown:
        yield from _check_same_children(where, step, steps)


def _check_same_children(where: str, step: Array, steps: Mapping[str, Step]) -> Iterator[Mistake]:
    children = {name: children_of(name, steps) for name in step.follows}
    first, *others = children.values() or (None,)
    if any(other != first for other in others):
        found = ", ".join(f"{name!r} ({one or 'unknown'})" for name, one in children.items())
        fix = "Follow only arrays that have the same children, and wait for the whole of others: after=[...]."
        yield Mistake(where, "arrays of the very same children", found, fix)


def children_of(name: str, steps: Mapping[str, Step]) -> Children | None:
    """Return the children of an array: those of the array at the head of its chain.

    None where there is no such array; cycles are reported elsewhere.
    """
    seen: set[str] = set()
    step = steps.get(name)
    while isinstance(step, Array) and step.follows and step.name not in seen:
        seen.add(step.name)
        step = steps.get(step.follows[0])
    if not isinstance(step, Array):
        return None
    return Children(items_of=step.items_of, size=step.size, items_per_child=step.items_per_child)


def _check_command(where: str, step: Array) -> Iterator[Mistake]:
    """A command knows its child only by AWS_BATCH_JOB_ARRAY_INDEX: one child is one item, and an array has at
    least two.

    Source: https://docs.aws.amazon.com/batch/latest/userguide/job_env_vars.html
    """
    if step.items_of is not None:
        fix = "Use run=, or size= and AWS_BATCH_JOB_ARRAY_INDEX in the command."
        yield Mistake(f"{where}.command", "a function for the items of a Plan", repr(step.command), fix)
    if isinstance(step.size, int) and not limits.MIN_ARRAY_SIZE <= step.size <= limits.MAX_ARRAY_SIZE:
        expected = f"{limits.MIN_ARRAY_SIZE} to {limits.MAX_ARRAY_SIZE} children of a command"
        yield Mistake(
            f"{where}.size",
            expected,
            repr(step.size),
            "Use a Job for one; use run= for more, whose children take slices.",
        )
    if step.items_per_child != 1:
        yield Mistake(
            f"{where}.items_per_child",
            "1 for a command",
            repr(step.items_per_child),
            "Use run=, whose children take slices.",
        )
