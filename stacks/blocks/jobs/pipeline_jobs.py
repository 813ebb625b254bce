"""The jobs of one pipeline: an image, the job definitions, and the roles under which they run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from aws_cdk import Stack
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_ecr_assets as assets
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sns as sns
from constructs import Construct

from sluice.compute import Compute
from sluice.pipeline.compiling import CLEANUP, JobDefinitions, buckets_of, inbox_of, keys_of
from sluice.pipeline.definition import MultiNode, Pipeline, Plan, Step
from sluice.pipeline.node_groups import groups_of, programs_of, programs_of_step
from sluice.run.compiled import node_ranges
from sluice.settings import JobSettings
from stacks.blocks.jobs import job_roles
from stacks.blocks.jobs.consumables import Consumables
from stacks.blocks.jobs.container import ContainerSpec, Identity, region_variables
from stacks.blocks.jobs.container_specs import ContainerSpecs
from stacks.blocks.jobs.definition_names import DefinitionNames
from stacks.blocks.jobs.execution_grants import allow_pull, allow_read_secrets
from stacks.blocks.jobs.fargate_task import FargateTask
from stacks.blocks.jobs.images import pipeline_image
from stacks.blocks.jobs.job_definition import job_definition
from stacks.blocks.jobs.multi_node import Nodes, multi_node_definition
from stacks.blocks.jobs.result_grants import grant_publishing, grant_receipts, grant_results_of
from stacks.blocks.jobs.step_roles import StepRoles
from stacks.blocks.jobs.volumes import allow_mount
from stacks.blocks.large_graphs.definition_stacks import DefinitionStacks
from stacks.blocks.large_graphs.shared_definitions import shared_definitions
from stacks.blocks.monitoring.log_group import job_logs_of, log_group
from stacks.configuration import Architecture, Configuration

_GATE = "gate"


class PipelineJobs(Construct):
    """Job definitions for every step of the pipeline, and for the cleanup and the gates that Sluice adds.

    ``definition_stacks`` has those that are in nested stacks, which must exist before anything starts the
    pipeline. ``folder`` is that of its image in ``containers/``, where it is not the pipeline's own.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        pipeline: Pipeline,
        project: Path,
        settings: JobSettings,
        configuration: Configuration,
        cleanup_image: assets.DockerImageAsset,
        consumables: Consumables,
        names: DefinitionNames,
        folder: str | None = None,
    ) -> None:
        super().__init__(scope, construct_id)
        self._pipeline, self._folder = pipeline, folder
        self._configuration = configuration
        self._names = names
        images = self._own_images(project)
        self.logs = log_group(
            self,
            "Logs",
            retention_days=configuration.log_retention_days,
            name=job_logs_of(Stack.of(self).stack_name, pipeline.name),
        )
        self._roles = StepRoles(self, pipeline)
        self._cleanup_role = job_roles.job_role(self, "CleanupRole")
        self._execution_role = job_roles.execution_role(
            self, "ExecutionRole", images=[*images.values(), cleanup_image], log_lines=self.logs
        )
        self._allow_what_steps_name()
        self._specs = ContainerSpecs(
            pipeline=pipeline,
            configuration=configuration,
            consumables=consumables,
            execution_role=self._execution_role,
            # Each URI is resolved by the CDK once, not for every definition.
            images={architecture: image.image_uri for architecture, image in images.items()},
            environment=settings.to_env(),
            region=region_variables(self),
            tags=configuration.tags_of(pipeline),
        )
        self.definitions = JobDefinitions(
            steps=self._define_steps(),
            cleanup=self._define_added(CLEANUP, cleanup_image),
            gate=self._define_added(_GATE, cleanup_image),
            images={step.name: self._image_of(step, images) for step in self._steps_with_jobs()},
        )

    @property
    def roles(self) -> list[job_roles.Role]:
        """Return the roles of the steps."""
        return self._roles.all

    @property
    def added_task(self) -> FargateTask | None:
        """Return the Fargate task of the steps that Sluice adds, None when they run on EC2."""
        return self._specs.added_task

    def grant_access(
        self,
        *,
        inbox: s3.IBucket,
        work: s3.IBucket,
        results: s3.IBucket,
        ledger: dynamodb.ITable,
        plans: sns.ITopic,
        upstream: Sequence[Pipeline] = (),
    ) -> None:
        """Allow the jobs to use what is this pipeline's, and the results of those ``upstream`` in a chain."""
        name = self._pipeline.name
        for role in (*self._roles.all, self._cleanup_role):
            job_roles.read_assignment(role, pipeline=name, ledger=ledger)
            job_roles.use_work(role, pipeline=name, work=work)
            plans.grant_publish(role)
        prefixes = inbox_of(self._pipeline)
        for role in self._roles.all:
            if prefixes:
                job_roles.read_uploads(role, prefixes=prefixes, inbox=inbox)
            job_roles.read_connected(role, prefixes=buckets_of(self._pipeline), keys=keys_of(self._pipeline))
            grant_publishing(role, self._pipeline, results)
            grant_results_of(role, upstream, results)
        job_roles.delete_work(self._cleanup_role, pipeline=name, work=work)
        grant_receipts(self._cleanup_role, self._pipeline, results)
        self._roles.keep()

    def _allow_what_steps_name(self) -> None:
        steps = self._pipeline.steps
        images = [program.image for program in programs_of(self._pipeline) if program.image]
        allow_pull(self._execution_role, images)
        allow_read_secrets(
            self._execution_role, [secret for step in steps for secret in step.secrets.values()]
        )
        for role in self._roles.all:
            allow_mount(role, [mount for step in steps for mount in step.mounts])

    def _define_steps(self) -> dict[str, str]:
        """Define each distinct step once: steps that run the same on the same machine share a definition."""
        shared = shared_definitions(self._steps_with_jobs())
        distinct = list({id(step): step for step in shared.values()}.values())
        self.definition_stacks = DefinitionStacks(self, len(distinct))
        names = {
            id(step): self._define_step(step, self.definition_stacks.of(number))
            for number, step in enumerate(distinct)
        }
        return {name: names[id(step)] for name, step in shared.items()}

    def _steps_with_jobs(self) -> list[Step]:
        """Return the steps that have jobs: a plan of uploads has none."""
        return [step for step in self._pipeline.steps if not (isinstance(step, Plan) and step.of_uploads)]

    def _own_images(self, project: Path) -> dict[Architecture, assets.DockerImageAsset]:
        """Return the pipeline's own image for each architecture on which a function of it runs.

        Steps of other images need none, nor a folder in containers/.
        """
        of = self._configuration.architecture_of
        needed = {
            of(Compute.of(step.compute))
            for step in self._steps_with_jobs()
            if any(one.image is None for one in programs_of_step(step))
        }
        names = {
            one: "Image" if one is self._configuration.job_architecture else f"Image{one.name.capitalize()}"
            for one in sorted(needed)
        }
        return {
            one: pipeline_image(
                self,
                name,
                pipeline=self._pipeline,
                project=project,
                architecture=one,
                folder=self._folder,
            )
            for one, name in names.items()
        }

    def _image_of(self, step: Step, own: Mapping[Architecture, assets.DockerImageAsset]) -> str:
        """Return which images the programs of a step are in: the digests of what the project's own are built
        from, or addresses.
        """
        found = own.get(self._configuration.architecture_of(Compute.of(step.compute)))
        built = f"built:{found.asset_hash}" if found is not None else ""
        return ", ".join(dict.fromkeys(program.image or built for program in programs_of_step(step)))

    def _define_step(self, step: Step, scope: Construct) -> str:
        identity = self._identity_of(self._roles.of(step))
        if not isinstance(step, MultiNode):
            return self._define(scope, step.name, self._specs.of(step, step), identity)
        groups = groups_of(step)
        nodes = [
            Nodes(range=span, count=group.nodes, spec=self._specs.of(step, group))
            for span, group in zip(node_ranges([group.nodes for group in groups]), groups, strict=True)
        ]
        return multi_node_definition(
            scope,
            step.name,
            pipeline=self._pipeline.name,
            groups=nodes,
            instance_type=step.instance_type,
            identity=identity,
            names=self._names,
        )

    def _define_added(self, kind: str, image: assets.DockerImageAsset) -> str:
        spec = self._specs.of_added(kind, image.image_uri)
        return self._define(self, kind, spec, self._identity_of(self._cleanup_role))

    def _identity_of(self, role: job_roles.Role) -> Identity:
        return Identity.of(job_role=role, execution_role=self._execution_role, log_group=self.logs)

    def _define(self, scope: Construct, step: str, spec: ContainerSpec, identity: Identity) -> str:
        return job_definition(
            scope, step, pipeline=self._pipeline.name, spec=spec, identity=identity, names=self._names
        )
