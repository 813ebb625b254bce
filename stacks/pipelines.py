"""The pipelines: for each its image, its jobs with their roles, its compiled form, and the rules that start
it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from aws_cdk import Annotations, CfnOutput, DefaultStackSynthesizer, Stack
from constructs import Construct

from sluice.backfill.target import targets_to_json
from sluice.pipeline.backfills import (
    BackfillPipelines,
    backfill_pipeline,
    folder_of,
    upload_targets,
)
from sluice.pipeline.compiling import JobDefinitions
from sluice.pipeline.definition import Pipeline
from sluice.pipeline.validation.chains import upstream_of
from sluice.pipeline.validation.risks import risks_of
from sluice.pipeline.validation.triggers.reconciles import has_backfill_job
from sluice.settings import AdvanceSettings, BackfillSettings, JobSettings
from stacks.account import tag_pipeline
from stacks.blocks.backfills import grants
from stacks.blocks.console.catalog import ConsoleCatalog
from stacks.blocks.consumers.grouping import Grouping, gathers
from stacks.blocks.consumers.queue_consumer import QueueConsumer
from stacks.blocks.jobs.consumables import Consumables
from stacks.blocks.jobs.definition_names import DefinitionNames, beginning_of
from stacks.blocks.jobs.images import cleanup_image
from stacks.blocks.jobs.pipeline_jobs import PipelineJobs
from stacks.blocks.jobs.result_grants import grant_failed_items
from stacks.blocks.jobs.start_job import StartJobs
from stacks.blocks.large_graphs.definition_stacks import add_dependency_on
from stacks.blocks.large_graphs.stack_size import check_stack_size
from stacks.blocks.triggers.after_run_rules import start_after_runs
from stacks.blocks.triggers.bus_policies import accept_events_of_accounts
from stacks.blocks.triggers.definition import Definition
from stacks.blocks.triggers.deployed_definitions import DeployedDefinitions
from stacks.blocks.triggers.request_rules import refuse_other_requests, start_on_requests
from stacks.blocks.triggers.schedules import start_on_schedules
from stacks.blocks.triggers.set_rules import start_on_sets
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
        project: Path,
        pipelines: Sequence[Pipeline],
        storage: StorageStack,
        queues: Mapping[str, str],
        control: ControlStack,
        retained_definitions: Collection[str] = (),
        catalog: str | None = None,
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            description="Sluice: the pipelines.",
            # The compiled pipelines are files of this stack: below a prefix of its own, so that the trigger
            # reads them and nothing else of the bucket that all CDK apps of the account share. They share a
            # repository of images, too: ours are told apart by their tags.
            synthesizer=DefaultStackSynthesizer(
                bucket_prefix=f"{construct_id}/", docker_tag_prefix=f"{construct_id}-"
            ),
        )
        self._configuration, self._root, self._project = configuration, root, project
        self._storage, self._control = storage, control
        self._pipelines = {str(one.name): one for one in pipelines}
        self._queues = AdvanceSettings.join_queues(queues).partition("=")[0]
        self._names = DefinitionNames(
            frozenset(retained_definitions), beginning_of(configuration.stack_prefix)
        )
        self._settings = JobSettings(
            ledger_table=storage.ledger.table_name,
            work_bucket=storage.work.bucket_name,
            results_bucket=storage.results.bucket_name,
            plan_topic=control.plans.topic_arn,
        )
        self._grouping = self._group_consumer(pipelines) if gathers(pipelines) else None
        self._limits = Consumables(self, "Limits", pipelines=pipelines)
        architecture = configuration.job_architecture
        self._cleanup_image = cleanup_image(self, "CleanupImage", root=root, architecture=architecture)
        self._start_jobs = StartJobs(
            self,
            "Starts",
            root=root,
            configuration=configuration,
            settings=self._settings,
            queues=queues,
            alerts=control.alert.queue,
            names=self._names,
            limits=self._limits,
        )
        self._parts, self._nested = dict[str, Construct](), dict[str, int]()
        self._definition_keys = dict[str, str]()
        self._followed = {name for one in pipelines for name in upstream_of(one)}
        for pipeline in pipelines:
            definition = self._add(pipeline)
            if has_backfill_job(pipeline):
                self._add_backfill(pipeline, definition)
        accept_events_of_accounts(self, pipelines)
        grant_failed_items(
            self, "FailedItems", pipelines=pipelines, results=storage.results, role=control.track.role
        )
        DeployedDefinitions(self, "Deployed", keys=self._definition_keys)
        if catalog is not None:
            ConsoleCatalog(self, "Catalog", text=catalog)
        refuse_other_requests(
            self,
            "OtherRequests",
            pipelines=BackfillPipelines(pipelines).all,
            target=control.trigger,
            stack_prefix=configuration.stack_prefix,
        )
        check_stack_size(self, self._parts, self._nested)

    def _add(self, pipeline: Pipeline) -> Definition:
        """Add a pipeline of the project, and return its compiled form."""
        part = self._part(pipeline)
        for risk in risks_of(pipeline):
            Annotations.of(part).add_warning_v2(risk.id, f"{risk.where}: {risk.text}")
        jobs = self._jobs(part, pipeline, self._project)
        return self._start_with(part, pipeline, jobs, self._with_start_job(part, pipeline, jobs))

    def _add_backfill(self, pipeline: Pipeline, definition: Definition) -> None:
        """Add the pipeline whose runs backfill this one, and let its job do that for this one alone."""
        location = {"bucket": definition.bucket, "key": definition.key}
        targets = upload_targets(pipeline, self._storage.inbox.bucket_name, location)
        settings = BackfillSettings(
            trigger_queue=self._control.trigger.queue.queue_url, backfill_targets=targets_to_json(targets)
        )
        added = backfill_pipeline(pipeline, settings.to_env())
        part = self._part(added)
        jobs = self._jobs(part, added, self._root, folder_of(pipeline))
        for role in jobs.roles:
            grants.list_uploads(role, pipeline=pipeline, inbox=self._storage.inbox)
            grants.read_reports(role, pipeline=pipeline)
            grants.find_processed(role, pipeline=pipeline, ledger=self._storage.ledger)
            grants.request_runs(role, queue=self._control.trigger.queue)
            grants.fill_groups(role, pipeline=pipeline, ledger=self._storage.ledger, work=self._storage.work)
        self._start_with(part, added, jobs, jobs.definitions)

    def _part(self, pipeline: Pipeline) -> Construct:
        part = self._parts[pipeline.name] = Construct(self, pipeline.name)
        tag_pipeline(part, pipeline)
        return part

    def _start_with(
        self, part: Construct, pipeline: Pipeline, jobs: PipelineJobs, definitions: JobDefinitions
    ) -> Definition:
        """Publish the compiled form of a pipeline, and add what starts its runs."""
        definition = Definition(
            part,
            "Definition",
            pipeline=pipeline,
            job_definitions=definitions,
            configuration=self._configuration,
            followed=pipeline.name in self._followed,
        )
        self._definition_keys[pipeline.name] = definition.key
        self._add_triggers(part, pipeline, definition)
        add_dependency_on(jobs.definition_stacks, dependents=part)
        self._nested[pipeline.name] = jobs.definition_stacks.in_nested_stacks
        return definition

    def _group_consumer(self, pipelines: Sequence[Pipeline]) -> QueueConsumer:
        grouping = Grouping(
            self,
            "Grouping",
            root=self._root,
            ledger=self._storage.ledger,
            work=self._storage.work,
            alerts=self._control.alerts,
            trigger=self._control.trigger,
            reports=self._control.alert,
            log_retention_days=self._configuration.log_retention_days,
        )
        grouping.read_markers(pipelines, inbox=self._storage.inbox)
        CfnOutput(
            self,
            "GroupQueue",
            value=grouping.consumer.queue.queue_url,
            description="Where `sluice sets close` has a set closed.",
        )
        return grouping.consumer

    def _jobs(
        self, part: Construct, pipeline: Pipeline, project: Path, folder: str | None = None
    ) -> PipelineJobs:
        jobs = PipelineJobs(
            part,
            "Jobs",
            pipeline=pipeline,
            project=project,
            folder=folder,
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
            upstream=[self._pipelines[name] for name in upstream_of(pipeline) if name in self._pipelines],
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
        start_on_sets(
            part,
            pipeline=pipeline,
            definition=definition,
            inbox=self._storage.inbox,
            grouping=self._grouping,
        )
        start_on_requests(
            part,
            pipeline=pipeline,
            definition=definition,
            target=target,
            stack_prefix=self._configuration.stack_prefix,
        )
        start_after_runs(
            part,
            pipeline=pipeline,
            pipelines=self._pipelines,
            definition=definition,
            target=target,
            queues=self._queues,
        )
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
