"""What runs on the nodes of a multi-node step, in one form for both ways to write it."""

from __future__ import annotations

from sluice.pipeline.definition import MultiNode, NodeGroup, Pipeline, Step

Program = Step | NodeGroup
"""What has a function or a command of its own."""


def groups_of(step: MultiNode) -> tuple[NodeGroup, ...]:
    """Return the node groups of a valid step, the main node's first; one when all nodes run the same."""
    if step.groups:
        return tuple(step.groups)
    return (NodeGroup(nodes=step.nodes or 1, run=step.run, command=step.command, image=step.image),)


def programs_of(pipeline: Pipeline) -> list[Program]:
    """Return what runs in a valid pipeline: its steps, and the node groups of those that have several."""
    return [one for step in pipeline.steps for one in programs_of_step(step)]


def programs_of_step(step: Step) -> tuple[Program, ...]:
    """Return what runs in a valid step: itself, or its node groups."""
    return groups_of(step) if isinstance(step, MultiNode) else (step,)
