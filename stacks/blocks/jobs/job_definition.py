"""A job definition that stays: its name carries the hash of its content, so runs that began before a deploy
keep theirs.
"""

from __future__ import annotations

import hashlib
import json
import re
from functools import lru_cache
from typing import Any

from aws_cdk import RemovalPolicy, Stack
from aws_cdk import aws_batch as batch
from constructs import Construct

from stacks.blocks.jobs.container import Identity, Work, container

_HASH_CHARACTERS = 10
# How the CDK writes in a string what only CloudFormation knows:
# https://docs.aws.amazon.com/cdk/v2/guide/tokens.html
_TOKEN = re.compile(r"\$\{Token\[[^\]]+\]\}")


def job_definition(scope: Construct, step: str, *, pipeline: str, work: Work, identity: Identity) -> str:
    """Add a job definition of one container and return its name."""
    properties = container(work, identity, stream=f"{pipeline}-{step}")
    return registered(
        scope, step, pipeline=pipeline, work=work, type="container", container_properties=properties
    )


def registered(scope: Construct, step: str, *, pipeline: str, work: Work, **properties: Any) -> str:
    """Add a job definition with these properties and return its name: ``sluice-<pipeline>-<step>-<hash>``.

    A changed definition is another resource with another name. The old one stays registered, so that a run
    that started with it ends with it; a deploy back to the old content registers a second, equal revision of
    it.
    """
    if work.holds:
        properties["consumable_resource_properties"] = work.holds
    properties = {
        "platform_capabilities": ["FARGATE" if work.fargate else "EC2"],
        "parameters": dict(work.parameters) or None,
        "scheduling_priority": work.priority,
        "retry_strategy": _retries(work),
        "timeout": batch.CfnJobDefinition.TimeoutProperty(attempt_duration_seconds=work.timeout),
        **properties,
    }
    name = f"sluice-{pipeline}-{step}-{_hash(scope, properties)}"
    definition = batch.CfnJobDefinition(
        scope,
        name.removeprefix(f"sluice-{pipeline}-"),
        job_definition_name=name,
        resource_retention_policy=batch.CfnJobDefinition.ResourceRetentionPolicyProperty(
            skip_deregister_on_update=True
        ),
        **properties,
    )
    definition.apply_removal_policy(RemovalPolicy.RETAIN)
    return name


def _retries(work: Work) -> batch.CfnJobDefinition.RetryStrategyProperty:
    rules = [
        batch.CfnJobDefinition.EvaluateOnExitProperty(action=rule.action, **rule.conditions)
        for rule in work.rules
    ]
    return batch.CfnJobDefinition.RetryStrategyProperty(attempts=work.attempts, evaluate_on_exit=rules)


def _hash(scope: Construct, properties: dict[str, Any]) -> str:
    """Return the hash of what stands in a definition.

    From the text of its properties: to have the CDK resolve each definition as a whole is a third of what a
    thousand of them take.
    """
    text = repr({name: value for name, value in sorted(properties.items()) if value is not None})
    content = _TOKEN.sub(lambda token: _resolved(scope, token[0]), text)
    if "${Token[" in content or "#{Token[" in content or " object at 0x" in content:
        raise AssertionError(
            f"the hash of a job definition would change from one synthesis to the next: {content}"
        )
    return hashlib.sha256(content.encode()).hexdigest()[:_HASH_CHARACTERS]


@lru_cache(maxsize=1024)
def _resolved(scope: Construct, token: str) -> str:
    """Return what a token stands for; its number says nothing from one synthesis to the next."""
    return json.dumps(Stack.of(scope).resolve(token), sort_keys=True)
