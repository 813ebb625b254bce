"""What users wrote: for each pipeline its image, its jobs with their roles, its compiled form, and the rules
that start it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from aws_cdk import Stack
from constructs import Construct

from sluice.pipeline.definition import Pipeline
from sluice.settings import JobSettings
from stacks.blocks.consumers.grouping import Grouping, gathers
from stacks.blocks.consumers.queue_consumer import Reaction
from stacks.blocks.jobs.consumables import Consumables
from stacks.blocks.jobs.images import cleanup_image
from stacks.blocks.jobs.pipeline_jobs import PipelineJobs
from stacks.blocks.jobs.start_job import StartJobs
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
    ) -> None:
        super().__init__(scope, construct_id, description="Sluice: the pipelines.")
        settings = JobSettings(
            ledger_table=storage.ledger.table_name,
            work_bucket=storage.work.bucket_name,
            results_bucket=storage.results.bucket_name,
            plan_topic=control.plans.topic_arn,
        )
        grouping = (
            self._grouping(root, storage, control, configuration.log_retention_days)
            if gathers(pipelines)
            else None
        )
        limits = Consumables(self, "Limits", pipelines=pipelines)
        tidy = cleanup_image(self, "CleanupImage", root=root, architecture=configuration.job_architecture)
        starts = StartJobs(
            self,
            "Starts",
            root=root,
            architecture=configuration.job_architecture,
            settings=settings,
            queues=queues,
            alerts=control.alert.queue,
        )
        parts, nested = dict[str, Construct](), dict[str, int]()
        for pipeline in pipelines:
            part = Construct(self, pipeline.name)
            jobs = PipelineJobs(
                part,
                "Jobs",
                pipeline=pipeline,
                root=root,
                settings=settings,
                configuration=configuration,
                cleanup_image=tidy,
                consumables=limits,
            )
            jobs.may_work_with(
                inbox=storage.inbox,
                work=storage.work,
                results=storage.results,
                ledger=storage.ledger,
                plans=control.plans,
            )
            definitions = jobs.definitions
            if pipeline.submit_from == "start-job":
                start = starts.job(
                    part,
                    pipeline=pipeline,
                    ledger=storage.ledger,
                    work=storage.work,
                    log_lines=jobs.logs,
                    task=jobs.own_task,
                )
                definitions = replace(definitions, start=start)
            definition = Definition(part, "Definition", pipeline=pipeline, job_definitions=definitions)
            start_on_uploads(
                part,
                pipeline=pipeline,
                definition=definition,
                inbox=storage.inbox,
                fill=control.trigger,
                gather=grouping,
            )
            start_on_requests(part, pipeline=pipeline, definition=definition, fill=control.trigger)
            start_on_schedules(part, pipeline=pipeline, definition=definition, fill=control.trigger)
            if configuration.webhooks and (webhook := webhook_of(pipeline)):
                WebhookAddress(
                    part,
                    "Webhook",
                    pipeline=pipeline,
                    webhook=webhook,
                    definition=definition,
                    root=root,
                    ledger=storage.ledger,
                    fill=control.trigger,
                    alerts=control.alerts,
                    at_once=configuration.webhook_concurrency,
                    log_retention_days=configuration.log_retention_days,
                )
            jobs.places.come_before(part)
            parts[pipeline.name], nested[pipeline.name] = part, jobs.places.in_nested_stacks
        check_stack_size(parts, nested)
        refuse_other_requests(self, "OtherRequests", pipelines=pipelines, fill=control.trigger)

    def _grouping(
        self, root: Path, storage: StorageStack, control: ControlStack, log_retention_days: int
    ) -> Reaction:
        grouping = Grouping(
            self,
            "Grouping",
            root=root,
            storage=storage,
            alerts=control.alerts,
            trigger=control.trigger,
            log_retention_days=log_retention_days,
        )
        return grouping.reaction
