"""Checks whose items an array works on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from sluice import limits
from sluice.errors import Mistake
from sluice.pipeline.definition import Array, Plan, Step


def check_items(where: str, step: Array, steps: Mapping[str, Step]) -> Iterator[Mistake]:
    """Yield what is wrong with where an array's items come from."""
    given = [f"{name}=" for name in ("items_of", "each", "size") if getattr(step, name) is not None]
    if len(given) != 1:
        fix = (
            "Name the Plan whose items it works on, or the Array that it follows, or give the number of its"
            " items."
        )
        yield Mistake(where, "one of items_of=, each= or size=", " and ".join(given) or "none", fix)
    if step.command is not None and step.each is None:
        yield from _children_of_a_command(where, step)
    if step.items_of is not None and not isinstance(steps.get(step.items_of), Plan):
        yield Mistake(
            f"{where}.items_of", "the name of a Plan", repr(step.items_of), "Name a Plan of this pipeline."
        )
    if step.each is not None:
        yield from _followed(f"{where}.each", step, steps)
    if step.each is not None and step.items_per_child != 1:
        yield Mistake(
            f"{where}.items_per_child",
            "none beside each=",
            repr(step.items_per_child),
            "It has the children that it follows.",
        )


def _followed(where: str, step: Array, steps: Mapping[str, Step]) -> Iterator[Mistake]:
    strangers = [name for name in step.follows if not isinstance(steps.get(name), Array)]
    for name in strangers:
        yield Mistake(where, "the name of an Array", repr(name), "Name an Array of this pipeline.")
    most = limits.MAX_DEPENDENCIES - step.sequential - bool(step.after)
    if len(step.follows) > most:
        # A gate waits for whole jobs, so nothing can gather these.
        yield Mistake(
            where,
            f"at most {most} arrays",
            f"{len(step.follows)}",
            "Let arrays between them follow some of these each.",
        )
    heads = {name: _head(name, steps) for name in step.follows}
    if not strangers and len(set(heads.values())) > 1:
        found = ", ".join(f"{name!r} ({head})" for name, head in heads.items())
        fix = "Follow those that share their children, and wait for the whole of others: after=[...]."
        yield Mistake(where, "arrays of the very same children", found, fix)


def _head(name: str, steps: Mapping[str, Step]) -> str:
    """Return in words whose children an array has: those of the array at the head of its chain. A circle is
    reported elsewhere.
    """
    seen: set[str] = set()
    step = steps.get(name)
    while isinstance(step, Array) and step.follows and step.name not in seen:
        seen.add(step.name)
        step = steps.get(step.follows[0])
    if not isinstance(step, Array):
        return "unknown"
    items = f"the items of {step.items_of}" if step.items_of is not None else f"{step.size} items"
    return f"{items}, {step.items_per_child} a child"


def _children_of_a_command(where: str, step: Array) -> Iterator[Mistake]:
    """A command knows its place by AWS_BATCH_JOB_ARRAY_INDEX alone: one child is one item, and there are at
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
