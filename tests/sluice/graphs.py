"""Pipelines for the tests, written with few words; and random ones."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import strategies as st

from sluice.run.compiled import CompiledPipeline, CompiledStep, Kind

QUEUES = {
    name: f"arn:aws:batch:us-east-1:000000000000:job-queue/Sluice_{name}"
    for name in ("urgent", "normal", "bulk", "steady")
}
RUN_ID = "words-" + "a" * 20


def step(
    name: str,
    kind: Kind = Kind.JOB,
    *,
    after: tuple[str, ...] = (),
    each: str | tuple[str, ...] = (),
    items_of: str | None = None,
    items_per_child: int = 1,
    size: int | None = None,
    sequential: bool = False,
    **more: Any,
) -> CompiledStep:
    """Return a compiled step of the queue normal."""
    definition, followed = f"{name}-definition:1", (each,) if isinstance(each, str) else each
    return CompiledStep(
        name, kind, definition, "normal", after, followed, items_of, items_per_child, size, sequential, **more
    )


def following(
    name: str, followed: CompiledStep, others: list[CompiledStep] | None = None, **more: Any
) -> CompiledStep:
    """Return an array that follows one child by child, and those of ``others`` that have the very same
    children.
    """
    shape = (followed.items_of, followed.items_per_child, followed.size)
    alike = [
        one
        for one in others or []
        if one is not followed and (one.items_of, one.items_per_child, one.size) == shape
    ]
    each = (followed.name, *(one.name for one in alike))
    return step(
        name, Kind.ARRAY, each=each, items_of=shape[0], items_per_child=shape[1], size=shape[2], **more
    )


def pipeline(*steps: CompiledStep) -> CompiledPipeline:
    """Return a pipeline of these steps, which must be in topological order."""
    return CompiledPipeline("words", steps)


def word_count() -> CompiledPipeline:
    """Return the shape of the shipped pipelines: plan, array, N_TO_N array, fan-in, cleanup."""
    return pipeline(
        step("split", Kind.PLAN),
        step("count", Kind.ARRAY, items_of="split"),
        step("rank", Kind.ARRAY, each="count", items_of="split"),
        step("merge", after=("rank",)),
        step("cleanup", Kind.CLEANUP, after=("merge",)),
    )


@st.composite
def pipelines(draw: st.DrawFn) -> CompiledPipeline:
    """Return a strategy of valid pipelines of up to twelve steps of all kinds."""
    steps: list[CompiledStep] = []
    for number in range(draw(st.integers(1, 12))):
        names = [one.name for one in steps]
        after = tuple(draw(st.lists(st.sampled_from(names), unique=True, max_size=4))) if names else ()
        steps.append(_drawn(draw, f"s{number}", steps, after))
    if draw(st.booleans()):
        steps = _behind_a_start_job(steps)
    waited_for = {parent for one in steps for parent in one.parents}
    sinks = tuple(one.name for one in steps if one.name not in waited_for)
    return pipeline(*steps, step("cleanup", Kind.CLEANUP, after=sinks))


def _behind_a_start_job(steps: list[CompiledStep]) -> list[CompiledStep]:
    """Return the steps with a start job, for which those wait that waited for none."""
    return [
        step("start", Kind.START),
        *(one if one.parents else replace(one, after=("start",)) for one in steps),
    ]


def _drawn(draw: st.DrawFn, name: str, steps: list[CompiledStep], after: tuple[str, ...]) -> CompiledStep:
    plans = [one.name for one in steps if one.kind is Kind.PLAN]
    arrays = [one for one in steps if one.kind is Kind.ARRAY]
    kind = draw(st.sampled_from(_kinds(plans, arrays)))
    if kind == "items":
        return step(
            name,
            Kind.ARRAY,
            after=after,
            items_of=draw(st.sampled_from(plans)),
            items_per_child=draw(st.integers(1, 3)),
        )
    if kind == "size":
        return step(
            name,
            Kind.ARRAY,
            after=after,
            size=draw(st.integers(1, 7)),
            items_per_child=draw(st.integers(1, 3)),
            sequential=draw(st.booleans()),
        )
    if kind == "each":
        return following(
            name,
            draw(st.sampled_from(arrays)),
            draw(st.lists(st.sampled_from(arrays), unique_by=id)),
            after=after,
        )
    return step(name, Kind.PLAN if kind == "plan" else Kind.JOB, after=after)


def _kinds(plans: list[str], arrays: list[CompiledStep]) -> list[str]:
    return ["job", "plan", "size", *(["items"] if plans else []), *(["each"] if arrays else [])]
