"""Graphs of a thousand steps: equal work is defined once, and what still is too much for a stack stands in
stacks of its own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import fields, replace

from aws_cdk import NestedStack
from aws_cdk.aws_events import CfnRule
from aws_cdk.aws_scheduler import CfnSchedule
from constructs import Construct

from sluice.pipeline.definition import Step

SHARED = "shared"
MOST_IN_THE_STACK = 50
"""Definitions of one pipeline beside everything else: CloudFormation takes 500 resources a stack.

Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html
"""
MOST_IN_A_NESTED_STACK = 200
"""Of about 2 KB each: a template has at most 1 MB."""
# What says where a step stands and not what it runs.
_OF_THE_GRAPH = ("name", "after", "queue", "items_of", "each", "size", "sequential", "items_per_child")


def shared_work(steps: Sequence[Step]) -> dict[str, Step]:
    """Return for each step's name the step to define: itself, or one called ``shared`` for all that run the
    same.
    """
    works = {step.name: _work(step) for step in steps}
    count = Counter(works.values())
    first = {works[step.name]: step for step in reversed(steps)}
    defined = {work: replace(step, name=SHARED) if count[work] > 1 else step for work, step in first.items()}
    return {name: defined[work] for name, work in works.items()}


def _work(step: Step) -> str:
    return repr(
        [(one.name, getattr(step, one.name)) for one in fields(step) if one.name not in _OF_THE_GRAPH]
    )


class Places:
    """Where so many definitions of a pipeline stand: in its own stack, or, when they are many, in nested
    ones.
    """

    def __init__(self, scope: Construct, count: int) -> None:
        self._scope, self.in_nested_stacks = scope, count if count > MOST_IN_THE_STACK else 0
        stacks = -(-self.in_nested_stacks // MOST_IN_A_NESTED_STACK)
        self._stacks = [NestedStack(scope, f"Definitions{number}") for number in range(stacks)]

    def of(self, number: int) -> Construct:
        """Return where a definition stands."""
        return self._stacks[number // MOST_IN_A_NESTED_STACK] if self._stacks else self._scope

    def come_before(self, part: Construct) -> None:
        """Let nothing that starts the pipeline be made before its definitions are."""
        nested = [
            stack.nested_stack_resource for stack in self._stacks if stack.nested_stack_resource is not None
        ]
        if nested:
            for starter in (
                child for child in part.node.children if isinstance(child, CfnRule | CfnSchedule)
            ):
                starter.node.add_dependency(*nested)
