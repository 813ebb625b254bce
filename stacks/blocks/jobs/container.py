"""The container of a job definition."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from aws_cdk import Stack
from aws_cdk import aws_batch as batch
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from constructs import Construct

from sluice.pipeline.mounts import Mount
from sluice.pipeline.retry_rules import EvaluateOnExit
from stacks.blocks.jobs.fargate_task import FargateTask
from stacks.blocks.jobs.volumes import mount_points, volumes

_Definition = batch.CfnJobDefinition
# Said explicitly, for an account may have another default: a job never waits for its log, and rather loses
# lines of a flood of more than 25 MiB.
# https://docs.aws.amazon.com/AmazonECS/latest/developerguide/using_awslogs.html
_LOG_MODE = {"mode": "non-blocking", "max-buffer-size": "25m"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ContainerSpec:
    """What one job definition runs, and its resources. Memory is in MiB; the time-out is in seconds and for
    each attempt.

    ``rules`` are all its retry rules, in their order. ``secrets`` are what Batch calls ``valueFrom``, by
    their variables. ``ulimits`` are a limit, or a soft and a hard one. ``fargate`` is set for a Fargate task.
    ``tags`` are those of the deploy and of the pipeline.
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
    shared_memory: int | None = None
    tmpfs: Mapping[str, int] = field(default_factory=dict)
    user: str | None = None
    read_only_root: bool = False
    priority: int | None = None
    fargate: FargateTask | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    consumable_resources: batch.CfnJobDefinition.ConsumableResourcePropertiesProperty | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """The ARNs of a job's own role and of its execution role, and the name of its log group."""

    job_role: str
    execution_role: str
    log_group: str

    @classmethod
    def of(cls, *, job_role: iam.IRole, execution_role: iam.IRole, log_group: logs.ILogGroup) -> Identity:
        """Return the identity of these roles and this log group."""
        return cls(
            job_role=job_role.role_arn,
            execution_role=execution_role.role_arn,
            log_group=log_group.log_group_name,
        )


def region_variables(scope: Construct) -> dict[str, str]:
    """Return the variables from which a job's AWS clients know their Region; boto3 reads the second.

    AWS Batch sets neither, and the ECS agents of EC2 machines only since 1.104.0:
    https://docs.aws.amazon.com/batch/latest/userguide/job_env_vars.html
    """
    region = Stack.of(scope).region
    return {"AWS_REGION": region, "AWS_DEFAULT_REGION": region}


def container(
    spec: ContainerSpec, identity: Identity, *, stream: str
) -> batch.CfnJobDefinition.ContainerPropertiesProperty:
    """Return the container of a job, or of each of some nodes; ``stream`` is what the names of its log
    streams begin with.

    Source: https://docs.aws.amazon.com/batch/latest/APIReference/API_ContainerProperties.html
    """
    return _Definition.ContainerPropertiesProperty(
        image=spec.image,
        command=list(spec.command),
        job_role_arn=identity.job_role,
        execution_role_arn=identity.execution_role,
        resource_requirements=[
            _Definition.ResourceRequirementProperty(type=kind, value=amount)
            for kind, amount in _sizes(spec).items()
        ],
        environment=[
            _Definition.EnvironmentProperty(name=name, value=value)
            for name, value in sorted(spec.environment.items())
        ],
        secrets=[
            _Definition.SecretProperty(name=name, value_from=value)
            for name, value in sorted(spec.secrets.items())
        ]
        or None,
        volumes=volumes(spec.mounts),
        mount_points=mount_points(spec.mounts),
        ulimits=[_ulimit(name, limit) for name, limit in sorted(spec.ulimits.items())] or None,
        linux_parameters=_linux(spec),
        user=spec.user,
        readonly_root_filesystem=spec.read_only_root or None,
        log_configuration=_Definition.LogConfigurationProperty(
            log_driver="awslogs",
            options={
                "awslogs-group": identity.log_group,
                "awslogs-stream-prefix": stream,
                **_LOG_MODE,
            },
        ),
        **(spec.fargate.properties() if spec.fargate else {}),
    )


def _linux(spec: ContainerSpec) -> batch.CfnJobDefinition.LinuxParametersProperty | None:
    """Source: https://docs.aws.amazon.com/batch/latest/APIReference/API_LinuxParameters.html."""
    if spec.shared_memory is None and not spec.tmpfs:
        return None
    folders = [
        _Definition.TmpfsProperty(container_path=path, size=size) for path, size in sorted(spec.tmpfs.items())
    ]
    return _Definition.LinuxParametersProperty(shared_memory_size=spec.shared_memory, tmpfs=folders or None)


def _sizes(spec: ContainerSpec) -> dict[str, str]:
    # Machines of EC2 have whole vCPUs:
    # https://docs.aws.amazon.com/batch/latest/APIReference/API_ResourceRequirement.html
    vcpus = f"{spec.vcpus:g}" if spec.fargate else str(math.ceil(spec.vcpus))
    return {"VCPU": vcpus, "MEMORY": str(spec.memory), **({"GPU": str(spec.gpus)} if spec.gpus else {})}


def _ulimit(name: str, limit: int | tuple[int, int]) -> batch.CfnJobDefinition.UlimitProperty:
    soft, hard = limit if isinstance(limit, tuple) else (limit, limit)
    return _Definition.UlimitProperty(name=name, soft_limit=soft, hard_limit=hard)
