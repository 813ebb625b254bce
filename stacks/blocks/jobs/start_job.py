"""Start jobs, which submit the first steps of a run in place of a Lambda, under a role of their own."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path

from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_ecr_assets as assets
from aws_cdk import aws_logs as logs
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from sluice.pipeline.compiling import START, own_compute
from sluice.pipeline.definition import Pipeline
from sluice.pipeline.retry_rules import retry_rules
from sluice.settings import JobSettings, StartSettings
from stacks.blocks.jobs import job_roles
from stacks.blocks.jobs.consumables import Consumables
from stacks.blocks.jobs.container import ContainerSpec, Identity, region_variables
from stacks.blocks.jobs.definition_names import DefinitionNames
from stacks.blocks.jobs.fargate_task import FargateTask
from stacks.blocks.jobs.images import start_image
from stacks.blocks.jobs.job_definition import job_definition
from stacks.configuration import Configuration

_VCPUS = 0.25
_MEMORY_MIB = 512
_ATTEMPTS = 5
# 10,000 steps at 40 a second take four minutes; the wait for a claim whose owner died is about as long.
_TIMEOUT_SECONDS = 3600


class StartJobs(Construct):
    """Defines the start jobs of the pipelines that have one; they share an image."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        root: Path,
        settings: JobSettings,
        queues: Mapping[str, str],
        alerts: sqs.IQueue,
        names: DefinitionNames,
        limits: Consumables,
        configuration: Configuration,
    ) -> None:
        super().__init__(scope, construct_id)
        self._root, self._queues, self._alerts = root, queues, alerts
        self._configuration = configuration
        self._names, self._limits = names, limits
        start = StartSettings(
            ledger_table=settings.ledger_table,
            queues=StartSettings.join_queues(queues),
            alert_queue=alerts.queue_url,
        )
        self._environment = {**region_variables(self), **settings.to_env(), **start.to_env()}

    @cached_property
    def _image(self) -> assets.DockerImageAsset:
        return start_image(self, "Image", root=self._root, architecture=self._configuration.job_architecture)

    def job(
        self,
        scope: Construct,
        *,
        pipeline: Pipeline,
        ledger: dynamodb.ITable,
        work: s3.IBucket,
        log_lines: logs.ILogGroup,
        task: FargateTask | None,
    ) -> str:
        """Define the start job of a pipeline, with minimal vCPU and memory, and return its definition's
        name.
        """
        part = Construct(scope, "Start")
        role = job_roles.job_role(part, "Role")
        execution = job_roles.execution_role(part, "ExecutionRole", images=[self._image], log_lines=log_lines)
        self._grant(role, pipeline=pipeline, ledger=ledger, work=work)
        identity = Identity.of(job_role=role, execution_role=execution, log_group=log_lines)
        return job_definition(
            part,
            START,
            pipeline=pipeline.name,
            spec=self._spec(pipeline, task),
            identity=identity,
            names=self._names,
        )

    def _spec(self, pipeline: Pipeline, task: FargateTask | None) -> ContainerSpec:
        return ContainerSpec(
            image=self._image.image_uri,
            command=["containers.start.submit:submit"],
            vcpus=_VCPUS,
            memory=_MEMORY_MIB,
            attempts=_ATTEMPTS,
            rules=retry_rules([], function=True, compute=own_compute(pipeline)),
            timeout=_TIMEOUT_SECONDS,
            environment=self._environment,
            tags=self._configuration.tags_of(pipeline),
            fargate=task,
        )

    def _grant(
        self, role: job_roles.Role, *, pipeline: Pipeline, ledger: dynamodb.ITable, work: s3.IBucket
    ) -> None:
        """Allow the role to do for this pipeline's runs what the Lambdas do for all runs, to write a report
        when it fails, and nothing else.
        """
        name = pipeline.name
        job_roles.read_assignment(role, pipeline=name, ledger=ledger)
        job_roles.advance_runs(
            role,
            pipeline=name,
            ledger=ledger,
            queues=list(self._queues.values()),
            limits=self._limits.arns_of(pipeline),
            definitions=self._names.of_pipeline(name),
        )
        job_roles.report_failures(role, pipeline=name, step=START, work=work)
        self._alerts.grant_send_messages(role)
