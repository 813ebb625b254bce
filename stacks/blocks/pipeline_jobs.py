"""The jobs of one pipeline: an image, the job definitions, and the roles under which they run."""

from __future__ import annotations

from pathlib import Path

from aws_cdk import Stack
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_ecr_assets as assets
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sns as sns
from constructs import Construct

from sluice.compute import Compute
from sluice.pipeline.compiling import CLEANUP, JobDefinitions, inbox_of, own_compute
from sluice.pipeline.definition import INPUT, MultiNode, Pipeline, Plan, Step
from sluice.pipeline.loading import CONTAINERS, package_of
from sluice.pipeline.node_groups import Program, groups_of, programs_of, programs_of_step
from sluice.pipeline.retry_rules import retry_rules
from sluice.run.compiled import node_ranges
from sluice.run.submit_request import INPUT_PARAMETER
from sluice.settings import JobSettings
from stacks.blocks import job_roles
from stacks.blocks.consumables import Consumables
from stacks.blocks.container import Identity, Work
from stacks.blocks.fargate import FargateTask
from stacks.blocks.image import pipeline_image
from stacks.blocks.job_definition import job_definition
from stacks.blocks.log_group import job_logs_of, log_group
from stacks.blocks.multi_node import Nodes, multi_node_definition
from stacks.blocks.shared_work import Places, shared_work
from stacks.blocks.start_roles import let_pull, let_read_secrets, source_of
from stacks.blocks.volumes import let_mount
from stacks.configuration import Architecture, Configuration

_GATE = "gate"
# Batch's own placeholder:
# https://docs.aws.amazon.com/batch/latest/userguide/job_definition_parameters.html#parameters
_REFERENCE = f"Ref::{INPUT_PARAMETER}"
# A cleanup lists and deletes, a gate only starts and ends.
_SMALLEST_VCPUS = 0.25
_SMALL_MEMORY_MIB = 512
_SMALL_TIMEOUT_SECONDS = 3600
_SMALL_ATTEMPTS = 5


class PipelineJobs(Construct):
    """Job definitions for every step that a user wrote, and for the cleanup and the gates that Sluice adds.

    ``places`` says which of them stand in nested stacks, which must be there before anything starts the
    pipeline.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        pipeline: Pipeline,
        root: Path,
        settings: JobSettings,
        configuration: Configuration,
        cleanup_image: assets.DockerImageAsset,
        consumables: Consumables,
    ) -> None:
        super().__init__(scope, construct_id)
        self._consumables = consumables
        self._pipeline = pipeline
        self._configuration = configuration
        self._environment = settings.to_env()
        self._images = self._own_images(root)
        days = configuration.log_retention_days
        self.logs = log_group(
            self, "Logs", retention_days=days, name=job_logs_of(Stack.of(self).stack_name, pipeline.name)
        )
        self._work_role = job_roles.job_role(self, "JobRole")
        self._tidy_role = job_roles.job_role(self, "CleanupRole")
        self._start_role = job_roles.execution_role(
            self, "ExecutionRole", images=[*self._images.values(), cleanup_image], log_lines=self.logs
        )
        let_pull(self._start_role, [program.image for program in programs_of(pipeline) if program.image])
        let_read_secrets(
            self._start_role, [secret for step in pipeline.steps for secret in step.secrets.values()]
        )
        let_mount(self._work_role, [mount for step in pipeline.steps for mount in step.mounts])
        # Each of these names and addresses is asked of the CDK once, not for every definition.
        self._uris = {architecture: image.image_uri for architecture, image in self._images.items()}
        self._identity = self._identity_of(self._work_role)
        self.definitions = JobDefinitions(
            steps=self._define_steps(),
            cleanup=self._define_own(CLEANUP, cleanup_image),
            gate=self._define_own(_GATE, cleanup_image),
        )

    def may_work_with(
        self,
        *,
        inbox: s3.IBucket,
        work: s3.IBucket,
        results: s3.IBucket,
        ledger: dynamodb.ITable,
        plans: sns.ITopic,
    ) -> None:
        """Let the jobs reach what is this pipeline's, and nothing of another's."""
        name = self._pipeline.name
        for role in (self._work_role, self._tidy_role):
            job_roles.read_assignment(role, pipeline=name, ledger=ledger)
            job_roles.use_work(role, pipeline=name, work=work)
        if prefixes := inbox_of(self._pipeline):
            job_roles.read_uploads(self._work_role, prefixes=prefixes, inbox=inbox)
        job_roles.publish_results(self._work_role, pipeline=name, results=results)
        plans.grant_publish(self._work_role)
        job_roles.delete_work(self._tidy_role, pipeline=name, work=work)

    def _define_steps(self) -> dict[str, str]:
        """Define each different work once: steps that run the same on the same machine share a definition."""
        shared = shared_work(self._with_jobs())
        distinct = list({id(work): work for work in shared.values()}.values())
        self.places = Places(self, len(distinct))
        names = {
            id(work): self._define_step(work, self.places.of(number)) for number, work in enumerate(distinct)
        }
        return {step: names[id(work)] for step, work in shared.items()}

    def _with_jobs(self) -> list[Step]:
        """Return the steps that have jobs: a plan of uploads has none."""
        return [step for step in self._pipeline.steps if not (isinstance(step, Plan) and step.of_uploads)]

    def _own_images(self, root: Path) -> dict[Architecture, assets.DockerImageAsset]:
        """Return the pipeline's own image for each architecture on which a function of it runs.

        Steps of other images need none, nor a folder in containers/.
        """
        of = self._configuration.architecture_of
        needed = {
            of(Compute.of(step.compute))
            for step in self._with_jobs()
            if any(one.image is None for one in programs_of_step(step))
        }
        names = {
            one: "Image" if one is self._configuration.job_architecture else f"Image{one.name.capitalize()}"
            for one in sorted(needed)
        }
        return {
            one: pipeline_image(self, name, pipeline=self._pipeline.name, root=root, architecture=one)
            for one, name in names.items()
        }

    def _define_step(self, step: Step, place: Construct) -> str:
        if not isinstance(step, MultiNode):
            return self._define(place, step.name, self._work(step, step), self._identity)
        groups = groups_of(step)
        nodes = [
            Nodes(range=span, count=group.nodes, work=self._work(step, group))
            for span, group in zip(node_ranges([group.nodes for group in groups]), groups, strict=True)
        ]
        name, kind = self._pipeline.name, step.instance_type
        return multi_node_definition(
            place, step.name, pipeline=name, groups=nodes, instance_type=kind, identity=self._identity
        )

    def _work(self, step: Step, program: Program) -> Work:
        compute = Compute.of(step.compute)
        architecture = self._configuration.architecture_of(compute)
        return Work(
            image=program.image or self._uris[architecture],
            command=[
                _REFERENCE if word == INPUT else word
                for word in program.command or [self._function(program.run or "")]
            ],
            vcpus=step.vcpus,
            memory=step.memory,
            gpus=step.gpus,
            attempts=_attempts(step),
            rules=retry_rules(step.retry, function=program.run is not None, compute=compute),
            timeout=step.timeout,
            environment={**step.environment, **program.environment, **self._environment},
            parameters=step.parameters,
            secrets={
                name: source_of(secret, self._start_role).value_from for name, secret in step.secrets.items()
            },
            mounts=step.mounts,
            ulimits={str(name): limit for name, limit in step.ulimits.items()},
            priority=step.priority,
            fargate=self._fargate(compute, step.storage),
            holds=self._consumables.needed(step.uses),
        )

    def _function(self, run: str) -> str:
        return run if ":" in run else f"{CONTAINERS}.{package_of(self._pipeline.name)}.steps:{run}"

    def _define_own(self, kind: str, image: assets.DockerImageAsset) -> str:
        compute = own_compute(self._pipeline)
        work = Work(
            image=image.image_uri,
            command=[kind],
            vcpus=_SMALLEST_VCPUS,
            memory=_SMALL_MEMORY_MIB,
            attempts=_SMALL_ATTEMPTS,
            rules=retry_rules([], function=True, compute=compute),
            timeout=_SMALL_TIMEOUT_SECONDS,
            environment=self._environment,
            fargate=self._fargate(compute),
        )
        return self._define(self, kind, work, self._identity_of(self._tidy_role))

    @property
    def own_task(self) -> FargateTask | None:
        """Return the Fargate task of the steps that Sluice adds, where they run there."""
        return self._fargate(own_compute(self._pipeline))

    def _fargate(self, compute: Compute, storage: int | None = None) -> FargateTask | None:
        if not compute.is_fargate:
            return None
        architecture = self._configuration.architecture_of(compute)
        return FargateTask(
            architecture=architecture, public_address=not self._configuration.nat, storage=storage
        )

    def _identity_of(self, role: job_roles.Role) -> Identity:
        return Identity.of(job_role=role, execution_role=self._start_role, log_group=self.logs)

    def _define(self, place: Construct, step: str, work: Work, identity: Identity) -> str:
        return job_definition(place, step, pipeline=self._pipeline.name, work=work, identity=identity)


def _attempts(step: Step) -> int:
    """Return how often a job of a step begins: where children move after so many lost machines, no more often
    than that.
    """
    reclaimed = step.retries.reclaimed if step.retries else None
    return min(step.attempts, reclaimed or step.attempts)
