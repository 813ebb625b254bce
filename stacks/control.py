"""What reacts: a queue and a Lambda for each stage, the topics between them, and the rules that fill the queues."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from aws_cdk import Stack
from constructs import Construct

from sluice.settings import AdvanceSettings, AlertSettings, FanOutSettings, TrackSettings, TriggerSettings
from stacks.blocks import events, grants
from stacks.blocks.reaction import Reaction
from stacks.blocks.topics import alert_topic, plan_topic, tell_by_mail_and_sms
from stacks.configuration import Configuration
from stacks.storage import StorageStack


class ControlStack(Stack):
    """trigger → (plan) → fan_out, with track and alert beside them; nothing here changes when a pipeline does."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        configuration: Configuration,
        root: Path,
        storage: StorageStack,
        queues: Mapping[str, str],
        pipelines_stack: str,
    ) -> None:
        super().__init__(scope, construct_id, description="Sluice: the queues and Lambdas that start, follow and report runs.")
        self.alerts = alert_topic(self, "Alerts")
        tell_by_mail_and_sms(self.alerts, email=configuration.alert_email, phone=configuration.alert_phone)
        self.plans = plan_topic(self, "Plans")

        def reaction(stage: str, *, at_once: int = 4) -> Reaction:
            return Reaction(
                self,
                "".join(word.capitalize() for word in stage.split("_")),
                stage=stage,
                root=root,
                alerts=self.alerts,
                at_once=at_once,
                log_retention_days=configuration.log_retention_days,
            )

        self.trigger = reaction("trigger")
        self.fan_out = reaction("fan_out")
        self.track = reaction("track")
        self.alert = reaction("alert", at_once=2)

        events.let_rules_of(pipelines_stack, fill=self.trigger)
        events.hear_plans(self.plans, fill=self.fan_out)
        events.hear_ended_jobs(self, "EndedJobs", queues=list(queues.values()), fill=self.track)
        events.sweep_every_five_minutes(self, "Sweep", fill=self.track)

        for reaction_, settings in ((self.trigger, TriggerSettings), (self.fan_out, FanOutSettings)):
            reaction_.runs_with(settings(**self._advance_settings(storage, queues, reaction_)))
        self.track.runs_with(TrackSettings(work_bucket=storage.work.bucket_name, **self._advance_settings(storage, queues, self.track)))
        self.alert.runs_with(
            AlertSettings(
                ledger_table=storage.ledger.table_name,
                alert_topic=self.alerts.topic_arn,
                results_bucket=storage.results.bucket_name,
                dead_letter_queue=self.alert.dead_letters.queue_url,
            )
        )

        for reaction_ in (self.trigger, self.fan_out, self.track):
            grants.advance_runs(reaction_.function, ledger=storage.ledger, queues=list(queues.values()))
            self.alert.queue.grant_send_messages(reaction_.function)
        grants.read_definitions(self.trigger.function)
        grants.sweep_runs(self.track.function, ledger=storage.ledger)
        grants.read_failure_reports(self.track.function, work=storage.work)
        grants.explain_failures(self.alert.function, ledger=storage.ledger, job_logs_of=pipelines_stack)
        self.alerts.grant_publish(self.alert.function)

    def _advance_settings(self, storage: StorageStack, queues: Mapping[str, str], reaction: Reaction) -> dict[str, str]:
        return {
            "ledger_table": storage.ledger.table_name,
            "queues": AdvanceSettings.join_queues(queues),
            "alert_queue": self.alert.queue.queue_url,
            "dead_letter_queue": reaction.dead_letters.queue_url,
        }
