"""A job definition that stays: its name carries the hash of its content, so runs that began before a deploy keep theirs."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aws_cdk import RemovalPolicy, Stack
from aws_cdk import aws_batch as batch
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from constructs import Construct

_HASH_CHARACTERS = 10
_RETRY, _EXIT = "RETRY", "EXIT"
# What happened to the machine and not in the program is tried again; what a program does is its own. At most five rules; what none
# matches is tried again too, hence the last one: https://docs.aws.amazon.com/batch/latest/userguide/job_retries.html
RETRY_RULES = (
    ("on_status_reason", "Host EC2*", _RETRY),
    ("on_status_reason", "Task failed to start*", _RETRY),
    ("on_reason", "CannotPullContainer*", _RETRY),
    # What containers/step/__main__.py ends with when the ledger does not name its job yet.
    ("on_exit_code", "75", _RETRY),
    ("on_reason", "*", _EXIT),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """What one job definition runs, and on how much machine; memory is in MiB, the time-out in seconds and of each attempt."""

    image: str
    command: Sequence[str]
    vcpus: float
    memory: int
    attempts: int
    timeout: int
    environment: Mapping[str, str]
    holds: batch.CfnJobDefinition.ConsumableResourcePropertiesProperty | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """On whose behalf a job runs: its own role, that of its start, and where its lines go."""

    job_role: iam.IRole
    execution_role: iam.IRole
    log_group: logs.ILogGroup


def job_definition(scope: Construct, step: str, *, pipeline: str, work: Work, identity: Identity) -> str:
    """Add a job definition of one container and return its name."""
    properties = container(work, identity, stream=f"{pipeline}-{step}")
    return registered(scope, step, pipeline=pipeline, work=work, type="container", container_properties=properties)


def registered(scope: Construct, step: str, *, pipeline: str, work: Work, **properties: Any) -> str:
    """Add a job definition with these properties and return its name: ``sluice-<pipeline>-<step>-<hash>``.

    A changed definition is another resource with another name. The old one stays registered, so that a run that started with it
    ends with it; a deploy back to the old content registers a second, equal revision of it.
    """
    retries, timeout = _retries(work.attempts), batch.CfnJobDefinition.TimeoutProperty(attempt_duration_seconds=work.timeout)
    if work.holds:
        properties["consumable_resource_properties"] = work.holds
    described = [one for name, one in properties.items() if name != "type"]
    content = Stack.of(scope).resolve([*described, retries, timeout])
    name = f"sluice-{pipeline}-{step}-{_hash(content)}"
    definition = batch.CfnJobDefinition(
        scope,
        name.removeprefix(f"sluice-{pipeline}-"),
        job_definition_name=name,
        platform_capabilities=["EC2"],
        retry_strategy=retries,
        timeout=timeout,
        resource_retention_policy=batch.CfnJobDefinition.ResourceRetentionPolicyProperty(skip_deregister_on_update=True),
        **properties,
    )
    definition.apply_removal_policy(RemovalPolicy.RETAIN)
    return name


def container(work: Work, identity: Identity, *, stream: str) -> batch.CfnJobDefinition.ContainerPropertiesProperty:
    """Return the container that does the work, as one job or on one node."""
    # Machines of EC2 have whole vCPUs: https://docs.aws.amazon.com/batch/latest/APIReference/API_ResourceRequirement.html
    sizes = {"VCPU": math.ceil(work.vcpus), "MEMORY": work.memory}
    return batch.CfnJobDefinition.ContainerPropertiesProperty(
        image=work.image,
        command=list(work.command),
        job_role_arn=identity.job_role.role_arn,
        execution_role_arn=identity.execution_role.role_arn,
        resource_requirements=[
            batch.CfnJobDefinition.ResourceRequirementProperty(type=kind, value=str(amount)) for kind, amount in sizes.items()
        ],
        environment=[
            batch.CfnJobDefinition.EnvironmentProperty(name=name, value=value) for name, value in sorted(work.environment.items())
        ],
        log_configuration=batch.CfnJobDefinition.LogConfigurationProperty(
            log_driver="awslogs",
            options={"awslogs-group": identity.log_group.log_group_name, "awslogs-stream-prefix": stream},
        ),
    )


def _retries(attempts: int) -> batch.CfnJobDefinition.RetryStrategyProperty:
    rules = [batch.CfnJobDefinition.EvaluateOnExitProperty(action=action, **{on: pattern}) for on, pattern, action in RETRY_RULES]
    return batch.CfnJobDefinition.RetryStrategyProperty(attempts=attempts, evaluate_on_exit=rules)


def _hash(content: object) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:_HASH_CHARACTERS]
