"""A job definition whose name carries the hash of its content. Old ones stay registered, so that runs that
began before a deploy keep theirs; what a deploy that failed has made goes.
"""

from __future__ import annotations

import json
import re
from functools import lru_cache
from typing import Any

from aws_cdk import NestedStack, RemovalPolicy, Stack
from aws_cdk import aws_batch as batch
from constructs import Construct

from sluice.tags import PIPELINE, STEP
from stacks.blocks.jobs.container import ContainerSpec, Identity, container
from stacks.blocks.jobs.definition_names import DefinitionNames

# How the CDK writes in a string what only CloudFormation knows:
# https://docs.aws.amazon.com/cdk/v2/guide/tokens.html
_TOKEN = re.compile(r"\$\{Token\[[^\]]+\]\}")


def job_definition(
    scope: Construct,
    step: str,
    *,
    pipeline: str,
    spec: ContainerSpec,
    identity: Identity,
    names: DefinitionNames,
) -> str:
    """Add a job definition of one container and return its name."""
    properties = container(spec, identity, stream=f"{pipeline}-{step}")
    return registered(
        scope,
        step,
        pipeline=pipeline,
        spec=spec,
        names=names,
        type="container",
        container_properties=properties,
    )


def registered(
    scope: Construct,
    step: str,
    *,
    pipeline: str,
    spec: ContainerSpec,
    names: DefinitionNames,
    type: str,  # noqa: A002 - Batch's word
    container_properties: batch.CfnJobDefinition.ContainerPropertiesProperty | None = None,
    node_properties: batch.CfnJobDefinition.NodePropertiesProperty | None = None,
) -> str:
    """Add a job definition with these properties and return its name: ``sluice-<pipeline>-<step>-<hash>``.

    A changed definition is another resource with another name. The old one stays registered, so that a run
    that started with it ends with it; a deploy back to the old content makes another one, equal but for its
    name. One that a deploy made before it failed is deleted with what else it made.
    """
    properties: dict[str, Any] = {
        "type": type,
        "container_properties": container_properties,
        "node_properties": node_properties,
        "consumable_resource_properties": spec.consumable_resources,
        "platform_capabilities": ["FARGATE" if spec.fargate else "EC2"],
        "parameters": dict(spec.parameters) or None,
        "scheduling_priority": spec.priority,
        "retry_strategy": _retries(spec),
        "tags": {**spec.tags, PIPELINE: pipeline, STEP: step},
        "propagate_tags": True,
        "timeout": batch.CfnJobDefinition.TimeoutProperty(attempt_duration_seconds=spec.timeout),
    }
    name = names.name(pipeline, step, _content(scope, properties))
    definition = batch.CfnJobDefinition(
        scope,
        name.removeprefix(names.of_pipeline(pipeline)),
        job_definition_name=name,
        resource_retention_policy=batch.CfnJobDefinition.ResourceRetentionPolicyProperty(
            skip_deregister_on_update=True
        ),
        **properties,
    )
    definition.apply_removal_policy(RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE)
    return name


def _retries(spec: ContainerSpec) -> batch.CfnJobDefinition.RetryStrategyProperty:
    rules = [
        batch.CfnJobDefinition.EvaluateOnExitProperty(action=rule.action, **rule.conditions)
        for rule in spec.rules
    ]
    return batch.CfnJobDefinition.RetryStrategyProperty(attempts=spec.attempts, evaluate_on_exit=rules)


def _content(scope: Construct, properties: dict[str, Any]) -> str:
    """Return a definition's content as a text, and in which nested stack it is: one stack cannot create what
    another has not yet let go.

    It is made from the text of the properties: to have the CDK resolve each definition as a whole would be a
    third of the time that a thousand of them take.
    """
    text = repr({name: value for name, value in sorted(properties.items()) if value is not None})
    content = _TOKEN.sub(lambda token: _resolved(scope, token[0]), text)
    if "${Token[" in content or "#{Token[" in content or " object at 0x" in content:
        raise AssertionError(
            f"the hash of a job definition would change from one synthesis to the next: {content}"
        )
    return f"{content} in {scope.node.id}" if isinstance(scope, NestedStack) else content


@lru_cache(maxsize=1024)
def _resolved(scope: Construct, token: str) -> str:
    """Return what a token stands for; its number differs from one synthesis to the next."""
    return json.dumps(Stack.of(scope).resolve(token), sort_keys=True)
