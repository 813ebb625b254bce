"""Checks what runs on the nodes of a multi-node step, and where."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sluice import limits
from sluice.errors import Mistake
from sluice.pipeline.definition import MultiNode, NodeGroup
from sluice.pipeline.node_groups import groups_of
from sluice.pipeline.step_functions import Functions
from sluice.pipeline.validation.fields import check_fields, listed
from sluice.pipeline.validation.steps.programs import check_own_program, check_variables

QUEUE = "steady"
"""The only queue without spot machines: https://docs.aws.amazon.com/batch/latest/userguide/mnp-ce.html"""


def check_nodes(where: str, step: MultiNode, functions: Functions | None) -> Iterator[Mistake]:
    """Yield what is wrong with the nodes of a step beside their fields."""
    if (step.nodes is None) == (not step.groups):
        found = "neither" if step.nodes is None else "both"
        yield Mistake(
            where,
            "either nodes= or groups=",
            found,
            "Give the number of nodes that run the same, or a list of NodeGroup(...).",
        )
    if step.groups:
        yield from _groups(where, step, functions)
    else:
        yield from check_own_program(where, step, functions)
    if step.queue != QUEUE:
        fix = f'Drop queue=, or write queue="{QUEUE}": AWS runs no MultiNode on spot machines.'
        yield Mistake(f"{where}.queue", f"{QUEUE!r} for a MultiNode", repr(step.queue), fix)
    if step.uses:
        fix = (
            "Let a Job before it or after it hold the limit: AWS does not say whether a quantity counts once"
            " or for each node."
        )
        yield Mistake(f"{where}.uses", "none for a MultiNode", repr(step.uses), fix)


def _groups(where: str, step: MultiNode, functions: Functions | None) -> Iterator[Mistake]:
    for name in ("run", "command", "image"):
        if getattr(step, name) is not None:
            yield Mistake(
                f"{where}.{name}",
                f"no {name}= beside groups=",
                repr(getattr(step, name)),
                "Move it into its NodeGroup(...).",
            )
    yield from check_variables(where, step.environment)
    for number, group in enumerate(step.groups):
        yield from check_own_program(f"{where}.groups[{number}]", group, functions)
    total = nodes_of(step)
    if total > limits.MAX_NODES:
        yield Mistake(
            f"{where}.groups",
            f"at most {limits.MAX_NODES:,} nodes together",
            f"{total:,}",
            "Lower the number of nodes.",
        )


def check_group_fields(where: str, step: object) -> Iterator[Mistake]:
    """Yield what is wrong with the fields of a step's groups, one by one; nothing for any other step."""
    for number, group in enumerate(listed(step.groups) if isinstance(step, MultiNode) else []):
        if isinstance(group, NodeGroup):
            yield from check_fields(f"{where}.groups[{number}]", group, (NodeGroup,))


def readable_nodes(step: object) -> bool:
    """Return whether what the nodes run is of the types that it should be of; True for any other step."""
    if not isinstance(step, MultiNode):
        return True
    groups: Any = step.groups
    sized = isinstance(groups, list) and all(
        isinstance(group, NodeGroup) and _readable(group) for group in groups
    )
    return sized and (step.nodes is None or _whole(step.nodes))


def _readable(group: NodeGroup) -> bool:
    return _whole(group.nodes) and isinstance(group.run, str | None)


def _whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def nodes_of(step: MultiNode) -> int:
    """Return how many nodes a valid step has."""
    return sum(group.nodes for group in groups_of(step))
