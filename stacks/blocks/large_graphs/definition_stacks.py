"""The nested stacks for the job definitions of a large graph."""

from __future__ import annotations

from aws_cdk import CfnResource, NestedStack
from aws_cdk.aws_events import CfnRule
from aws_cdk.aws_scheduler import CfnSchedule
from constructs import Construct

MAX_IN_STACK = 50
"""Definitions of one pipeline beside everything else: CloudFormation takes 500 resources a stack.

Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html
"""
MAX_IN_NESTED_STACK = 200
"""Of about 2 KB each: a template has at most 1 MB."""


class DefinitionStacks:
    """Where the definitions of a pipeline are created: in the pipeline's own stack, or in nested stacks when
    there are more than fit into it.

    ``in_nested_stacks`` is how many of the ``count`` definitions are in nested stacks.
    """

    def __init__(self, scope: Construct, count: int) -> None:
        self._scope = scope
        self.in_nested_stacks = count if count > MAX_IN_STACK else 0
        stacks = -(-self.in_nested_stacks // MAX_IN_NESTED_STACK)
        self._stacks = [NestedStack(scope, f"Definitions{number}") for number in range(stacks)]

    def of(self, number: int) -> Construct:
        """Return the scope of the definition with this number."""
        return self._stacks[number // MAX_IN_NESTED_STACK] if self._stacks else self._scope

    @property
    def resources(self) -> list[CfnResource]:
        """Return the resources that stand for the nested stacks."""
        nested = (stack.nested_stack_resource for stack in self._stacks)
        return [resource for resource in nested if resource is not None]


def add_dependency_on(stacks: DefinitionStacks, *, dependents: Construct) -> None:
    """Make the rules and schedules in ``dependents`` depend on the stacks, so that nothing starts a pipeline
    whose definitions do not exist yet.
    """
    if not (resources := stacks.resources):
        return
    for child in dependents.node.children:
        if isinstance(child, CfnRule | CfnSchedule):
            child.node.add_dependency(*resources)
