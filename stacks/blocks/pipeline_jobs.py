"""The jobs of one pipeline: an image, a job definition a step, and the roles under which they run."""

from __future__ import annotations

from pathlib import Path

from aws_cdk import Stack
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_ecr_assets as assets
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sns as sns
from constructs import Construct

from sluice.compiled import node_ranges
from sluice.compiling import CLEANUP, JobDefinitions
from sluice.loading import CONTAINERS, package_of
from sluice.node_groups import Program, groups_of, programs_of
from sluice.pipeline import MultiNode, Pipeline, Step
from sluice.settings import JobSettings
from sluice.validation.triggers import uploads_of
from stacks.blocks import job_roles
from stacks.blocks.consumables import Consumables
from stacks.blocks.image import pipeline_image
from stacks.blocks.job_definition import Identity, Work, job_definition
from stacks.blocks.log_group import job_logs_of, log_group
from stacks.blocks.multi_node import Nodes, multi_node_definition
from stacks.configuration import Architecture

_GATE = "gate"
# A cleanup lists and deletes, a gate only starts and ends.
_SMALL_MEMORY_MIB = 512
_SMALL_TIMEOUT_SECONDS = 3600
_SMALL_ATTEMPTS = 5


class PipelineJobs(Construct):
    """Job definitions for every step that a user wrote, and for the cleanup and the gates that Sluice adds."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        pipeline: Pipeline,
        root: Path,
        settings: JobSettings,
        architecture: Architecture,
        cleanup_image: assets.DockerImageAsset,
        log_retention_days: int,
        consumables: Consumables,
    ) -> None:
        super().__init__(scope, construct_id)
        self._consumables = consumables
        self._pipeline = pipeline
        self._environment = settings.to_env()
        # Steps of other images need no image of the pipeline's own, nor a folder in containers/.
        functions = any(program.image is None for program in programs_of(pipeline))
        own = [pipeline_image(self, "Image", pipeline=pipeline.name, root=root, architecture=architecture)] if functions else []
        self._own_image = own[0].image_uri if own else ""
        self._logs = log_group(self, "Logs", retention_days=log_retention_days, name=job_logs_of(Stack.of(self).stack_name, pipeline.name))
        self._work_role = job_roles.job_role(self, "JobRole")
        self._tidy_role = job_roles.job_role(self, "CleanupRole")
        self._start_role = job_roles.execution_role(self, "ExecutionRole", images=[*own, cleanup_image], log_lines=self._logs)
        self.definitions = JobDefinitions(
            steps={step.name: self._define_step(step) for step in pipeline.steps},
            cleanup=self._define_own(CLEANUP, cleanup_image),
            gate=self._define_own(_GATE, cleanup_image),
        )

    def may_work_with(
        self, *, inbox: s3.IBucket, work: s3.IBucket, results: s3.IBucket, ledger: dynamodb.ITable, plans: sns.ITopic
    ) -> None:
        """Let the jobs reach what is this pipeline's, and nothing of another's."""
        name = self._pipeline.name
        for role in (self._work_role, self._tidy_role):
            job_roles.read_assignment(role, pipeline=name, ledger=ledger)
            job_roles.use_work(role, pipeline=name, work=work)
        if prefixes := [upload.prefix for upload in uploads_of(self._pipeline)]:
            job_roles.read_uploads(self._work_role, prefixes=prefixes, inbox=inbox)
        job_roles.publish_results(self._work_role, pipeline=name, results=results)
        plans.grant_publish(self._work_role)
        job_roles.delete_work(self._tidy_role, pipeline=name, work=work)

    def _define_step(self, step: Step) -> str:
        identity = self._identity(self._work_role)
        if not isinstance(step, MultiNode):
            return self._define(step.name, self._work(step, step), identity)
        groups = groups_of(step)
        nodes = [
            Nodes(range=span, count=group.nodes, work=self._work(step, group))
            for span, group in zip(node_ranges([group.nodes for group in groups]), groups, strict=True)
        ]
        name, kind = self._pipeline.name, step.instance_type
        return multi_node_definition(self, step.name, pipeline=name, groups=nodes, instance_type=kind, identity=identity)

    def _work(self, step: Step, program: Program) -> Work:
        return Work(
            image=program.image or self._own_image,
            command=program.command or [self._function(program.run or "")],
            vcpus=step.vcpus,
            memory=step.memory,
            attempts=step.attempts,
            timeout=step.timeout,
            environment={**step.environment, **program.environment, **self._environment},
            holds=self._consumables.needed(step.uses),
        )

    def _function(self, run: str) -> str:
        return run if ":" in run else f"{CONTAINERS}.{package_of(self._pipeline.name)}.steps:{run}"

    def _define_own(self, kind: str, image: assets.DockerImageAsset) -> str:
        work = Work(
            image=image.image_uri,
            command=[kind],
            vcpus=1,
            memory=_SMALL_MEMORY_MIB,
            attempts=_SMALL_ATTEMPTS,
            timeout=_SMALL_TIMEOUT_SECONDS,
            environment=self._environment,
        )
        return self._define(kind, work, self._identity(self._tidy_role))

    def _identity(self, role: job_roles.Role) -> Identity:
        return Identity(job_role=role, execution_role=self._start_role, log_group=self._logs)

    def _define(self, step: str, work: Work, identity: Identity) -> str:
        return job_definition(self, step, pipeline=self._pipeline.name, work=work, identity=identity)
