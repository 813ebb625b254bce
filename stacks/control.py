"""What reacts: a queue and a Lambda for each stage, the topics between them, and the rules that fill the
queues.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path

from aws_cdk import CfnOutput, Stack
from constructs import Construct

from sluice.settings import AdvanceSettings, AlertSettings, FanOutSettings, TrackSettings, TriggerSettings
from stacks.blocks.consumers import event_rules as events
from stacks.blocks.consumers import grants
from stacks.blocks.consumers.dashboard import dashboard
from stacks.blocks.consumers.queue_consumer import Reaction
from stacks.blocks.monitoring.topics import alert_topic, plan_topic, tell_by_mail_and_sms
from stacks.configuration import Configuration
from stacks.storage import StorageStack


class ControlStack(Stack):
    """trigger → (plan) → fan_out, with track and alert beside them; nothing here changes when a pipeline
    does.
    """

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
        super().__init__(
            scope,
            construct_id,
            description="Sluice: the queues and Lambdas that start, follow and report runs.",
        )
        self.alerts = alert_topic(self, "Alerts")
        tell_by_mail_and_sms(self.alerts, email=configuration.alert_email, phone=configuration.alert_phone)
        self.plans = plan_topic(self, "Plans")
        react = partial(self._reaction, root=root, log_retention_days=configuration.log_retention_days)
        self.trigger, self.fan_out, self.track = react("trigger"), react("fan_out"), react("track")
        self.alert = react("alert", at_once=2)
        CfnOutput(
            self,
            "TrackQueue",
            value=self.track.queue.queue_url,
            description="Where `sluice retry` has a run looked at.",
        )
        self._fill_queues(queues, pipelines_stack)
        self._hand_settings(storage, queues)
        self._permit(storage, queues, pipelines_stack)
        if configuration.dashboard:
            reactions = {
                "trigger": self.trigger,
                "fan_out": self.fan_out,
                "track": self.track,
                "alert": self.alert,
            }
            dashboard(self, "Dashboard", reactions=reactions)
        self._keep_exports()

    def _reaction(self, stage: str, *, root: Path, log_retention_days: int, at_once: int = 4) -> Reaction:
        name = "".join(word.capitalize() for word in stage.split("_"))
        return Reaction(
            self,
            name,
            stage=stage,
            root=root,
            alerts=self.alerts,
            at_once=at_once,
            log_retention_days=log_retention_days,
        )

    def _fill_queues(self, queues: Mapping[str, str], pipelines_stack: str) -> None:
        """Say what arrives where; the alert queue is filled by the Lambdas that notice something, too."""
        events.let_rules_of(pipelines_stack, fill=self.trigger)
        events.hear_plans(self.plans, fill=self.fan_out)
        named = AdvanceSettings.join_queues(queues).partition("=")[0]
        events.hear_ended_jobs(self, "EndedJobs", queues=named, fill=self.track)
        events.hear_blocked_queues(self, "BlockedQueues", queues=named, fill=self.alert)
        events.sweep_every_five_minutes(self, "Sweep", fill=self.track)

    def _keep_exports(self) -> None:
        """Export what the pipelines stack uses while a pipeline gathers also while none does.

        The export of what is used no more would go before its user does, and CloudFormation refuses that.
        """
        for value in (self.alerts.topic_arn, self.trigger.queue.queue_url):
            self.export_value(value)

    def _hand_settings(self, storage: StorageStack, queues: Mapping[str, str]) -> None:
        ledger, arns, alert = (
            storage.ledger.table_name,
            AdvanceSettings.join_queues(queues),
            self.alert.queue.queue_url,
        )

        def advance(reaction: Reaction) -> dict[str, str]:
            return {
                "ledger_table": ledger,
                "queues": arns,
                "alert_queue": alert,
                "dead_letter_queue": reaction.dead_letters.queue_url,
            }

        self.trigger.runs_with(TriggerSettings(**advance(self.trigger)))
        self.fan_out.runs_with(FanOutSettings(**advance(self.fan_out)))
        self.track.runs_with(
            TrackSettings(
                **advance(self.track),
                work_bucket=storage.work.bucket_name,
                track_queue=self.track.queue.queue_url,
            )
        )
        self.alert.runs_with(
            AlertSettings(
                ledger_table=ledger,
                alert_topic=self.alerts.topic_arn,
                results_bucket=storage.results.bucket_name,
                dead_letter_queue=self.alert.dead_letters.queue_url,
            )
        )

    def _permit(self, storage: StorageStack, queues: Mapping[str, str], pipelines_stack: str) -> None:
        for reaction in (self.trigger, self.fan_out, self.track):
            grants.advance_runs(reaction.function, ledger=storage.ledger, queues=list(queues.values()))
            self.alert.queue.grant_send_messages(reaction.function)
        grants.read_definitions(self.trigger.function)
        grants.sweep_runs(self.track.function, ledger=storage.ledger)
        self.track.queue.grant_send_messages(self.track.function)
        grants.read_failure_reports(self.track.function, work=storage.work)
        grants.find_manifests(self.track.function, work=storage.work)
        grants.explain_failures(self.alert.function, ledger=storage.ledger, job_logs_in=pipelines_stack)
        grants.tell_automation(self.alert.function)
        grants.open_tickets(self.alert.function)
        self.alerts.grant_publish(self.alert.function)
