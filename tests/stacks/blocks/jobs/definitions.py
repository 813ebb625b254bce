"""A job definition made from nothing but its container."""

from __future__ import annotations

from typing import Any

from aws_cdk import App, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs

from scheduler.spec import Rule
from sluice.compute import Compute
from sluice.pipeline.retry_rules import retry_rules
from stacks.blocks.jobs.container import ContainerSpec, Identity
from stacks.blocks.jobs.definition_names import DefinitionNames
from stacks.blocks.jobs.job_definition import job_definition


def rule_of(properties: dict[str, Any]) -> Rule:
    """Return a rule of a template's retry strategy, as the engine reads it."""
    names = {"on_exit_code": "OnExitCode", "on_reason": "OnReason", "on_status_reason": "OnStatusReason"}
    return Rule(properties["Action"], **{field: properties.get(name) for field, name in names.items()})


def job_definition_of(
    names: DefinitionNames | None = None,
    **changes: Any,
) -> tuple[str, dict[str, dict[str, Any]]]:
    """Return the name of a job definition and the resources that make it."""
    app = App()
    stack = Stack(app, "Stack")
    role = iam.Role(stack, "Role", assumed_by=iam.ServicePrincipal("ecs-tasks.amazonaws.com"))
    identity = Identity.of(job_role=role, execution_role=role, log_group=logs.LogGroup(stack, "Logs"))
    values: dict[str, Any] = {
        "image": "busybox",
        "command": ["true"],
        "vcpus": 1,
        "memory": 4,
        "attempts": 3,
        "timeout": 60,
    }
    values |= {"environment": {}, "rules": retry_rules([], function=False, compute=Compute.SPOT)}
    name = job_definition(
        stack,
        "step",
        pipeline="name",
        spec=ContainerSpec(**{**values, **changes}),
        identity=identity,
        names=names or DefinitionNames(),
    )
    return name, app.synth().get_stack_by_name("Stack").template["Resources"]
