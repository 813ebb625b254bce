"""A pipeline's graph as its file defines it: what each step is, and why it waits for another. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from enum import StrEnum

from sluice.counted import counted
from sluice.pipeline.after import After, Always, Finished, name_of
from sluice.pipeline.definition import (
    AfterRun,
    Array,
    FileSet,
    MultiNode,
    Pipeline,
    Plan,
    S3Upload,
    Schedule,
    Step,
    Trigger,
)
from sluice.pipeline.node_groups import groups_of
from sluice.pipeline.validation.graph import parents_of
from sluice.pipeline.validation.triggers.grouping import grouping_of
from sluice.pipeline.validation.triggers.reconciles import ON_REQUEST
from sluice.run.graph import topological_order


class Why(StrEnum):
    """Why a step waits for another."""

    ITEMS = "items_of"
    """It works on the items that the other finds."""
    EACH = "each"
    """Its child i waits for the other's child i: N_TO_N."""
    AFTER = "after"
    """It waits for the whole of the other."""
    FINISHED = "finished"
    """It waits for the end of the other, and tolerates some failed children."""
    ALWAYS = "always"
    """It waits for the end of the other, and tolerates any failure."""


@dataclass(frozen=True, slots=True)
class Edge:
    """``child`` waits for ``parent``."""

    parent: str
    child: str
    why: Why


def ordered(pipeline: Pipeline) -> list[Step]:
    """Return the steps so that each follows those that it waits for."""
    steps = {step.name: step for step in pipeline.steps}
    return [
        steps[name] for name in topological_order({name: parents_of(step) for name, step in steps.items()})
    ]


def edges_of(pipeline: Pipeline) -> list[Edge]:
    """Return all edges, by their children in order."""
    return [
        Edge(parent, step.name, _why(step, parent))
        for step in ordered(pipeline)
        for parent in parents_of(step)
    ]


def _why(step: Step, parent: str) -> Why:
    if isinstance(step, Array) and parent in step.follows:
        return Why.EACH
    if isinstance(step, Array) and parent == step.items_of:
        return Why.ITEMS
    ways = {Finished: Why.FINISHED, Always: Why.ALWAYS}
    return next((ways.get(type(one), Why.AFTER) for one in step.after if name_of(one) == parent), Why.AFTER)


def kind_of(step: Step) -> str:
    """Return what a step is: plan, array, job, …"""
    return type(step).__name__.lower()


def described(step: Step) -> str:
    """Return what a step is and what it waits for, in words."""
    return ", ".join(_words(step))


def _words(step: Step) -> Iterator[str]:
    if isinstance(step, Plan):
        yield "plan: the files that started the run" if step.of_uploads else "plan: finds the items"
    elif isinstance(step, Array) and step.follows:
        yield f"array: child i after child i of {' and '.join(step.follows)}"
    elif isinstance(step, Array):
        yield (
            "array: "
            + (f"on the items of {step.items_of}" if step.items_of else f"on {_items(step)}")
            + _share(step)
        )
    elif isinstance(step, MultiNode):
        yield f"multinode: {sum(group.nodes for group in groups_of(step))} nodes"
    else:
        yield kind_of(step)
    if step.after:
        yield f"after {' and '.join(map(_waiting, step.after))}"


def _waiting(after: After) -> str:
    if isinstance(after, Finished):
        return f"at least {after.at_least:.12g} of {after.step}"
    return f"the end of {after.step}" if isinstance(after, Always) else after


def _share(step: Array) -> str:
    return f", {step.items_per_child:,} a child" if step.items_per_child > 1 else ""


def triggers_of(pipeline: Pipeline) -> list[str]:
    """Return in words what starts a pipeline."""
    return [_trigger(trigger) for trigger in pipeline.triggers]


def _trigger(trigger: Trigger) -> str:
    if isinstance(trigger, S3Upload):
        found = grouping_of(trigger)
        quiet = f"until {found.after} s of quiet, at most " if found.after else "for "
        gathered = f", gathered {quiet}{found.within} s or to {found.of:,}" if trigger.gathers else ""
        bucket = f"s3://{trigger.bucket}/" if trigger.bucket else ""
        keys = " and ".join(bucket + pattern for pattern in trigger.patterns)
        return f"S3 upload {keys}{gathered}{_reconciled(trigger)}"
    if isinstance(trigger, AfterRun):
        return "after " + (" and " if trigger.joins else " or ").join(trigger.pipelines)
    if isinstance(trigger, FileSet):
        return f"set of files {trigger.pattern}"
    return (
        f"schedule {trigger.expression} {trigger.timezone}"
        if isinstance(trigger, Schedule)
        else type(trigger).__name__.lower()
    )


def _reconciled(upload: S3Upload) -> str:
    """Return in words how often objects are listed that no event has brought."""
    if upload.reconcile is None:
        return ""
    return (
        ", reconciled on request"
        if upload.reconcile == ON_REQUEST
        else f", reconciled every {upload.reconcile}"
    )


def results_of(pipeline: Pipeline) -> str:
    """Return where the results of a pipeline's runs are, in the results bucket if it says nothing else."""
    return pipeline.results or f"{pipeline.name}/<run>/"


def document(pipeline: Pipeline) -> dict[str, object]:
    """Return a pipeline for programs."""
    return {
        "name": pipeline.name,
        "triggers": triggers_of(pipeline),
        "only_with": pipeline.only_with,
        "steps": [{"name": step.name, "kind": kind_of(step)} for step in ordered(pipeline)],
        "edges": [asdict(edge) for edge in edges_of(pipeline)],
    }


def _items(step: Array) -> str:
    return counted(step.size or 0, "item")
