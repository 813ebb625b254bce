"""The container of a job definition."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from aws_cdk import aws_batch as batch
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs

from sluice.pipeline.mounts import Mount
from sluice.pipeline.retry_rules import EvaluateOnExit
from stacks.blocks.jobs.volumes import mount_points, volumes
from stacks.blocks.machines.fargate import FargateTask

_Definition = batch.CfnJobDefinition


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """What one job definition runs, and on how much machine; memory is in MiB, the time-out in seconds and of
    each attempt.

    ``rules`` are all its retry rules, in their order. ``secrets`` are what Batch calls ``valueFrom``, by
    their variables. ``ulimits`` are a limit, or a soft and a hard one. ``fargate`` is there for a task of
    Fargate.
    """

    image: str
    command: Sequence[str]
    vcpus: float
    memory: int
    attempts: int
    timeout: int
    environment: Mapping[str, str]
    rules: Sequence[EvaluateOnExit]
    gpus: int = 0
    parameters: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict)
    mounts: Sequence[Mount] = ()
    ulimits: Mapping[str, int | tuple[int, int]] = field(default_factory=dict)
    priority: int | None = None
    fargate: FargateTask | None = None
    holds: batch.CfnJobDefinition.ConsumableResourcePropertiesProperty | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """On whose behalf a job runs: the ARNs of its own role and that of its start, and the name of the log
    group of its lines.
    """

    job_role: str
    execution_role: str
    log_group: str

    @classmethod
    def of(cls, *, job_role: iam.IRole, execution_role: iam.IRole, log_group: logs.ILogGroup) -> Identity:
        """Return the identity that these make."""
        return cls(
            job_role=job_role.role_arn,
            execution_role=execution_role.role_arn,
            log_group=log_group.log_group_name,
        )


def container(
    work: Work, identity: Identity, *, stream: str
) -> batch.CfnJobDefinition.ContainerPropertiesProperty:
    """Return the container of a job, or of each of some nodes; ``stream`` is what the names of its log
    streams begin with.

    Source: https://docs.aws.amazon.com/batch/latest/APIReference/API_ContainerProperties.html
    """
    return _Definition.ContainerPropertiesProperty(
        image=work.image,
        command=list(work.command),
        job_role_arn=identity.job_role,
        execution_role_arn=identity.execution_role,
        resource_requirements=[
            _Definition.ResourceRequirementProperty(type=kind, value=amount)
            for kind, amount in _sizes(work).items()
        ],
        environment=[
            _Definition.EnvironmentProperty(name=name, value=value)
            for name, value in sorted(work.environment.items())
        ],
        secrets=[
            _Definition.SecretProperty(name=name, value_from=value)
            for name, value in sorted(work.secrets.items())
        ]
        or None,
        volumes=volumes(work.mounts),
        mount_points=mount_points(work.mounts),
        ulimits=[_ulimit(name, limit) for name, limit in sorted(work.ulimits.items())] or None,
        log_configuration=_Definition.LogConfigurationProperty(
            log_driver="awslogs",
            options={"awslogs-group": identity.log_group, "awslogs-stream-prefix": stream},
        ),
        **(work.fargate.properties() if work.fargate else {}),
    )


def _sizes(work: Work) -> dict[str, str]:
    # Machines of EC2 have whole vCPUs:
    # https://docs.aws.amazon.com/batch/latest/APIReference/API_ResourceRequirement.html
    vcpus = f"{work.vcpus:g}" if work.fargate else str(math.ceil(work.vcpus))
    return {"VCPU": vcpus, "MEMORY": str(work.memory), **({"GPU": str(work.gpus)} if work.gpus else {})}


def _ulimit(name: str, limit: int | tuple[int, int]) -> batch.CfnJobDefinition.UlimitProperty:
    soft, hard = limit if isinstance(limit, tuple) else (limit, limit)
    return _Definition.UlimitProperty(name=name, soft_limit=soft, hard_limit=hard)
