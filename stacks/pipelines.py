"""The pipelines: for each its image, its jobs with their roles, its compiled form, and the rules that start
it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from aws_cdk import Stack
from constructs import Construct

from sluice.pipeline.compiling import JobDefinitions
from sluice.pipeline.definition import Pipeline
from sluice.settings import JobSettings
from stacks.blocks.consumers.grouping import Grouping, gathers
from stacks.blocks.consumers.queue_consumer import QueueConsumer
from stacks.blocks.jobs.consumables import Consumables
from stacks.blocks.jobs.definition_names import DefinitionNames
from stacks.blocks.jobs.images import cleanup_image
from stacks.blocks.jobs.pipeline_jobs import PipelineJobs
from stacks.blocks.jobs.start_job import StartJobs
from stacks.blocks.large_graphs.definition_stacks import add_dependency_on
from stacks.blocks.large_graphs.stack_size import check_stack_size
from stacks.blocks.triggers.definition import Definition
from stacks.blocks.triggers.request_rules import refuse_other_requests, start_on_requests
from stacks.blocks.triggers.schedules import start_on_schedules
from stacks.blocks.triggers.upload_rules import start_on_uploads
from stacks.blocks.webhook.address import WebhookAddress, webhook_of
from stacks.configuration import Configuration
from stacks.control import ControlStack
from stacks.storage import StorageStack


class PipelinesStack(Stack):
    """The only stack that changes when a pipeline does: jobs, definition and triggers arrive together."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        configuration: Configuration,
        root: Path,
        pipelines: Sequence[Pipeline],
        storage: StorageStack,
        queues: Mapping[str, str],
        control: ControlStack,
        retained_definitions: Collection[str] = (),
    ) -> None:
        super().__init__(scope, construct_id, description="Sluice: the pipelines.")
        self._configuration, self._root = configuration, root
        self._storage, self._control = storage, control
        self._names = DefinitionNames(frozenset(retained_definitions))
        self._settings = JobSettings(
            ledger_table=storage.ledger.table_name,
            work_bucket=storage.work.bucket_name,
            results_bucket=storage.results.bucket_name,
            plan_topic=control.plans.topic_arn,
        )
        self._grouping = self._group_consumer() if gathers(pipelines) else None
        self._limits = Consumables(self, "Limits", pipelines=pipelines)
        architecture = configuration.job_architecture
        self._cleanup_image = cleanup_image(self, "CleanupImage", root=root, architecture=architecture)
        self._start_jobs = StartJobs(
            self,
            "Starts",
            root=root,
            architecture=architecture,
            settings=self._settings,
            queues=queues,
            alerts=control.alert.queue,
            names=self._names,
            limits=self._limits,
        )
        parts, nested = dict[str, Construct](), dict[str, int]()
        for pipeline in pipelines:
            part = parts[pipeline.name] = Construct(self, pipeline.name)
            jobs = self._jobs(part, pipeline)
            definitions = self._with_start_job(part, pipeline, jobs)
            definition = Definition(part, "Definition", pipeline=pipeline, job_definitions=definitions)
            self._add_triggers(part, pipeline, definition)
            add_dependency_on(jobs.definition_stacks, dependents=part)
            nested[pipeline.name] = jobs.definition_stacks.in_nested_stacks
        check_stack_size(parts, nested)
        refuse_other_requests(self, "OtherRequests", pipelines=pipelines, target=control.trigger)

    def _group_consumer(self) -> QueueConsumer:
        grouping = Grouping(
            self,
            "Grouping",
            root=self._root,
            ledger=self._storage.ledger,
            work=self._storage.work,
            alerts=self._control.alerts,
            trigger=self._control.trigger,
            log_retention_days=self._configuration.log_retention_days,
        )
        return grouping.consumer

    def _jobs(self, part: Construct, pipeline: Pipeline) -> PipelineJobs:
        jobs = PipelineJobs(
            part,
            "Jobs",
            pipeline=pipeline,
            root=self._root,
            settings=self._settings,
            configuration=self._configuration,
            cleanup_image=self._cleanup_image,
            consumables=self._limits,
            names=self._names,
        )
        jobs.grant_access(
            inbox=self._storage.inbox,
            work=self._storage.work,
            results=self._storage.results,
            ledger=self._storage.ledger,
            plans=self._control.plans,
        )
        return jobs

    def _with_start_job(self, part: Construct, pipeline: Pipeline, jobs: PipelineJobs) -> JobDefinitions:
        """Return the pipeline's job definitions, with a start job when the pipeline has one."""
        if pipeline.submit_from != "start-job":
            return jobs.definitions
        start = self._start_jobs.job(
            part,
            pipeline=pipeline,
            ledger=self._storage.ledger,
            work=self._storage.work,
            log_lines=jobs.logs,
            task=jobs.added_task,
        )
        return replace(jobs.definitions, start=start)

    def _add_triggers(self, part: Construct, pipeline: Pipeline, definition: Definition) -> None:
        target = self._control.trigger
        start_on_uploads(
            part,
            pipeline=pipeline,
            definition=definition,
            inbox=self._storage.inbox,
            target=target,
            grouping=self._grouping,
        )
        start_on_requests(part, pipeline=pipeline, definition=definition, target=target)
        start_on_schedules(part, pipeline=pipeline, definition=definition, target=target)
        if self._configuration.webhooks and (webhook := webhook_of(pipeline)):
            WebhookAddress(
                part,
                "Webhook",
                pipeline=pipeline,
                webhook=webhook,
                definition=definition,
                root=self._root,
                ledger=self._storage.ledger,
                target=target,
                alerts=self._control.alerts,
                max_concurrency=self._configuration.webhook_concurrency,
                log_retention_days=self._configuration.log_retention_days,
            )
