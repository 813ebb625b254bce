"""The roles of a pipeline's jobs: one for all steps, and one of its own for each step with permissions of its
own.
"""

from __future__ import annotations

from collections.abc import Iterable

from aws_cdk import CfnResource, RemovalPolicy, Stack
from aws_cdk import aws_iam as iam
from constructs import Construct

from sluice.pipeline.definition import Pipeline, Step
from sluice.pipeline.permissions import Permission, statements
from stacks.blocks.jobs.job_roles import job_role


class StepRoles:
    """Makes the roles; ``all`` are those that need what every job needs."""

    def __init__(self, scope: Construct, pipeline: Pipeline) -> None:
        self._shared = job_role(scope, "JobRole")
        allow(self._shared, pipeline.permissions)
        own = [step for step in pipeline.steps if step.permissions]
        self._own = {step.name: _own_role(scope, pipeline, step) for step in own}

    @property
    def all(self) -> list[iam.Role]:
        """Return every role."""
        return [self._shared, *self._own.values()]

    def of(self, step: Step) -> iam.Role:
        """Return the role of a step's jobs."""
        return self._own.get(step.name, self._shared)

    def keep(self) -> None:
        """Keep the roles of single steps, with what they allow, when a deploy takes them out: a run that is
        under way has them in its job definitions, which are kept as well.
        """
        for role in self._own.values():
            for part in role.node.find_all():
                if isinstance(part, CfnResource):
                    part.apply_removal_policy(RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE)


def _own_role(scope: Construct, pipeline: Pipeline, step: Step) -> iam.Role:
    role = job_role(scope, f"JobRoleOf-{step.name}")
    allow(role, [*pipeline.permissions, *step.permissions])
    return role


def allow(role: iam.Role, permissions: Iterable[Permission]) -> None:
    """Allow a role what these permissions say."""
    for permission in permissions:
        for one in statements(permission, Stack.of(role).partition):
            role.add_to_policy(
                iam.PolicyStatement(
                    actions=list(one.actions), resources=list(one.resources), conditions=one.conditions
                )
            )
