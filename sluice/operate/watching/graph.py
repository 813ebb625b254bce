"""A run's graph with counted progress: where each step stands, and what holds the next one. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sluice.aws.batch_jobs import ENDED
from sluice.operate.runs.view import WAITING, StepView
from sluice.operate.watching.snapshot import Snapshot
from sluice.run.compiled import CompiledPipeline, CompiledStep

_OVER = (*ENDED, "EMPTY", "NOT_RUN")
_HELD = (WAITING, "SUBMITTED", "PENDING")
_IN_FLIGHT = ("STARTING", "RUNNING")


@dataclass(frozen=True, slots=True)
class Counts:
    """The children of a step by what they are doing."""

    done: int
    failed: int
    running: int
    waiting: int


@dataclass(frozen=True, slots=True)
class Place:
    """Where a step is drawn: its layer, and its place in the layer, both from 0."""

    x: int
    y: int


@dataclass(frozen=True, slots=True)
class RunEdge:
    """``child`` waits for ``parent``: why, in a word and in a sentence; ``open`` while it does."""

    parent: str
    child: str
    why: str
    text: str
    open: bool


def places(pipeline: CompiledPipeline) -> dict[str, Place]:
    """Return where each step is drawn: a step stands one layer behind the last of its parents."""
    layers: dict[str, int] = {}
    sizes: dict[int, int] = {}
    found: dict[str, Place] = {}
    for step in pipeline.steps:  # In topological order.
        layers[step.name] = max(
            (layers[parent] + 1 for parent in step.parents if parent in layers), default=0
        )
        x = layers[step.name]
        found[step.name] = Place(x, sizes.get(x, 0))
        sizes[x] = sizes.get(x, 0) + 1
    return found


def counts_of(snapshot: Snapshot, step: StepView) -> Counts:
    """Return the children of a step by what they are doing; their sum is ``step.children``."""
    job = snapshot.job(step.name)
    summary: Mapping[str, int] = (job.get("arrayProperties") or {}).get("statusSummary") or {}
    left = max(0, step.children - step.done - step.failed)
    in_flight = sum(summary.get(state, 0) for state in _IN_FLIGHT)
    if not summary and job.get("status") in _IN_FLIGHT:
        in_flight = left  # A job, or the nodes of a multi-node job, which run together.
    running = min(left, in_flight)
    return Counts(step.done, step.failed, running, left - running)


def edges_of(snapshot: Snapshot) -> list[RunEdge]:
    """Return all edges of a run's graph, by their children in order."""
    states = {step.name: step for step in snapshot.view.steps}
    return [
        _edge(snapshot, states, parent, step, why)
        for step in snapshot.run.pipeline.steps
        for parent, why in _parents(step)
    ]


def _parents(step: CompiledStep) -> Iterator[tuple[str, str]]:
    """Yield each parent of a step once, with the word for why it is one."""
    seen: set[str] = set()
    items = (step.items_of,) if step.items_of and not step.each else ()
    ways = (
        (step.each, "each"),
        (items, "items_of"),
        (step.after, "after"),
        (tuple(name for name, _ in step.finished), "finished"),
        (step.always, "always"),
    )
    for names, why in ways:
        for name in names:
            if name not in seen:
                seen.add(name)
                yield name, why


def _edge(
    snapshot: Snapshot, states: Mapping[str, StepView], parent: str, step: CompiledStep, why: str
) -> RunEdge:
    before = states[parent]
    holds = before.state not in _OVER and states[step.name].state in _HELD and not snapshot.view.ended
    text = _WAITS[why].format(child=step.name, parent=parent, needed=_needed(step, parent))
    return RunEdge(parent, step.name, why, text + (_progress(before) if holds else "."), holds)


_WAITS = {
    "each": "child i of {child} waits for child i of {parent}",
    "items_of": "{child} works on the items that {parent} finds",
    "after": "{child} waits for the success of {parent}",
    "finished": "{child} waits for the end of {parent}, of which {needed} must have succeeded",
    "always": "{child} waits for the end of {parent}, however it ends",
}


def _needed(step: CompiledStep, parent: str) -> str:
    tolerance = step.tolerances.get(parent)
    if tolerance is None:
        return "all"
    most = "" if tolerance.at_most is None else f", all but {tolerance.at_most:,}"
    return f"{tolerance.at_least:.4%}".rstrip("%").rstrip("0").rstrip(".") + " %" + most


def _progress(step: StepView) -> str:
    if step.children <= 1:
        return f", which is {step.state.lower()}."
    return f": {step.done:,} of {step.children:,} children are done."
