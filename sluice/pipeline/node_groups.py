"""The node groups of a multi-node step, in one form for both ways to write them."""

from __future__ import annotations

from sluice.pipeline.definition import MultiNode, NodeGroup, Pipeline, Step

Program = Step | NodeGroup
"""A part of a pipeline with a function or a command of its own."""


def groups_of(step: MultiNode) -> tuple[NodeGroup, ...]:
    """Return the node groups of a valid step, the main node's first; one when all nodes run the same."""
    if step.groups:
        return tuple(step.groups)
    return (NodeGroup(nodes=step.nodes or 1, run=step.run, command=step.command, image=step.image),)


def programs_of(pipeline: Pipeline) -> list[Program]:
    """Return the programs of a valid pipeline: its steps, and for a MultiNode its node groups."""
    return [one for step in pipeline.steps for one in programs_of_step(step)]


def programs_of_step(step: Step) -> tuple[Program, ...]:
    """Return the programs of a valid step: itself, or its node groups."""
    return groups_of(step) if isinstance(step, MultiNode) else (step,)
