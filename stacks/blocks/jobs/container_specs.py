"""What the jobs of one pipeline run: a container for each program of a step, and for what Sluice adds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from aws_cdk import aws_iam as iam

from sluice.compute import Compute
from sluice.pipeline.compiling import own_compute
from sluice.pipeline.definition import INPUT, Pipeline, Step
from sluice.pipeline.image_folder import CONTAINERS, package_of
from sluice.pipeline.node_groups import Program
from sluice.pipeline.retry_rules import retry_rules
from sluice.run.submit_request import INPUT_PARAMETER
from stacks.blocks.jobs.consumables import Consumables
from stacks.blocks.jobs.container import ContainerSpec
from stacks.blocks.jobs.execution_grants import source_of
from stacks.blocks.jobs.fargate_task import FargateTask
from stacks.configuration import Architecture, Configuration

# Batch's own placeholder:
# https://docs.aws.amazon.com/batch/latest/userguide/job_definition_parameters.html#parameters
_REFERENCE = f"Ref::{INPUT_PARAMETER}"
# A cleanup lists and deletes, a gate only starts and ends.
_SMALLEST_VCPUS = 0.25
_SMALL_MEMORY_MIB = 512
_SMALL_TIMEOUT_SECONDS = 3600
_SMALL_ATTEMPTS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class ContainerSpecs:
    """The containers of a pipeline's jobs. ``images`` are the URIs of the pipeline's own image, and
    ``environment`` are the variables of every job, ``region`` those that a step may set otherwise, and
    ``tags`` those of every definition.
    """

    pipeline: Pipeline
    configuration: Configuration
    consumables: Consumables
    execution_role: iam.IRole
    images: Mapping[Architecture, str]
    environment: Mapping[str, str]
    region: Mapping[str, str]
    tags: Mapping[str, str]

    def of(self, step: Step, program: Program) -> ContainerSpec:
        """Return the container of a step that runs a program, which is the step itself but for groups of
        nodes.
        """
        compute = Compute.of(step.compute)
        architecture = self.configuration.architecture_of(compute)
        return ContainerSpec(
            image=program.image or self.images[architecture],
            command=self._command(program),
            vcpus=step.vcpus,
            memory=step.memory,
            gpus=step.gpus,
            attempts=_attempts(step),
            rules=retry_rules(step.retry, function=program.run is not None, compute=compute),
            timeout=step.timeout,
            environment={
                **self.region,
                **step.environment,
                **program.environment,
                **self.environment,
            },
            parameters=step.parameters,
            secrets={
                name: source_of(secret, self.execution_role).value_from
                for name, secret in step.secrets.items()
            },
            mounts=step.mounts,
            ulimits={str(name): limit for name, limit in step.ulimits.items()},
            shared_memory=step.shared_memory,
            tmpfs=step.tmpfs,
            user=step.user,
            read_only_root=step.read_only_root,
            priority=step.priority,
            tags=self.tags,
            fargate=self._fargate(compute, step.storage),
            consumable_resources=self.consumables.needed(step.uses),
        )

    def of_added(self, kind: str, image: str) -> ContainerSpec:
        """Return the container of a step that Sluice adds: a cleanup or a gate."""
        compute = own_compute(self.pipeline)
        return ContainerSpec(
            image=image,
            command=[kind],
            vcpus=_SMALLEST_VCPUS,
            memory=_SMALL_MEMORY_MIB,
            attempts=_SMALL_ATTEMPTS,
            rules=retry_rules([], function=True, compute=compute),
            timeout=_SMALL_TIMEOUT_SECONDS,
            environment={**self.region, **self.environment},
            tags=self.tags,
            fargate=self._fargate(compute),
        )

    @property
    def added_task(self) -> FargateTask | None:
        """Return the Fargate task of the steps that Sluice adds, None when they run on EC2."""
        return self._fargate(own_compute(self.pipeline))

    def _command(self, program: Program) -> list[str]:
        words = program.command or [self._function(program.run or "")]
        return [_REFERENCE if word == INPUT else word for word in words]

    def _function(self, run: str) -> str:
        return run if ":" in run else f"{CONTAINERS}.{package_of(self.pipeline.name)}.steps:{run}"

    def _fargate(self, compute: Compute, storage: int | None = None) -> FargateTask | None:
        if not compute.is_fargate:
            return None
        architecture = self.configuration.architecture_of(compute)
        return FargateTask(
            architecture=architecture,
            public_address=not self.configuration.has_private_subnets,
            storage=storage,
        )


def _attempts(step: Step) -> int:
    """Return the attempts of a step's jobs. Where children move to other machines after some lost ones, a job
    has no more attempts than that.
    """
    reclaimed = step.retries.reclaimed if step.retries else None
    return min(step.attempts, reclaimed or step.attempts)
