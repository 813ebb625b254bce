"""The queue consumers of all stages, the topics between them, and the rules that fill their queues."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from aws_cdk import CfnOutput, Stack
from constructs import Construct

from sluice.settings import AdvanceSettings, AlertSettings, FanOutSettings, TrackSettings, TriggerSettings
from stacks.blocks.console.address import ConsoleAddress
from stacks.blocks.console.grants import Stores
from stacks.blocks.consumers import grants
from stacks.blocks.consumers.dashboard import dashboard
from stacks.blocks.consumers.event_rules import route_blocked_queues, route_ended_jobs, schedule_sweep
from stacks.blocks.consumers.plan_topic import plan_topic, subscribe_to_plans
from stacks.blocks.consumers.queue_consumer import QueueConsumer
from stacks.blocks.consumers.rule_target import allow_rules_from
from stacks.blocks.jobs.definition_names import beginning_of
from stacks.blocks.monitoring.alert_topic import alert_topic, phones_of, subscribe_addresses, topics_of
from stacks.configuration import Configuration
from stacks.storage import StorageStack


class ControlStack(Stack):
    """trigger → (plan) → fan_out, with track and alert beside them; no change of a pipeline changes anything
    here.
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
        subscribe_addresses(self.alerts, email=configuration.alert_email, phone=configuration.alert_phone)
        self.plans = plan_topic(self, "Plans")
        self._root, self._log_retention_days = root, configuration.log_retention_days
        self._stack_prefix = configuration.stack_prefix
        self._definitions = beginning_of(configuration.stack_prefix)
        self.trigger = self._consumer("trigger", starts_runs=True)
        self.fan_out = self._consumer("fan_out")
        self.track = self._consumer("track")
        self.alert = self._consumer("alert", max_concurrency=2, has_retries=True)
        CfnOutput(
            self,
            "TrackQueue",
            value=self.track.queue.queue_url,
            description="Where `sluice retry` has a run looked at.",
        )
        CfnOutput(
            self,
            "TriggerQueue",
            value=self.trigger.queue.queue_url,
            description="Where `sluice rerun` has a run begun, and `sluice unpause` a pipeline go on.",
        )
        self._route_events(queues, pipelines_stack)
        self._configure_consumers(storage, queues)
        self._grant(storage, queues, pipelines_stack)
        if configuration.console:
            ConsoleAddress(
                self,
                "Console",
                configuration=configuration,
                root=root,
                stores=Stores(
                    ledger=storage.ledger,
                    inbox=storage.inbox,
                    work=storage.work,
                    results=storage.results,
                ),
                queues=queues,
                send_to=[self.trigger.queue, self.track.queue],
                pipelines_stack=pipelines_stack,
            )
        if configuration.dashboard:
            consumers = {
                "trigger": self.trigger,
                "fan_out": self.fan_out,
                "track": self.track,
                "alert": self.alert,
            }
            dashboard(self, "Dashboard", consumers=consumers)
        self._export_for_later_stacks()

    def _consumer(
        self, stage: str, *, max_concurrency: int = 4, has_retries: bool = False, starts_runs: bool = False
    ) -> QueueConsumer:
        name = "".join(word.capitalize() for word in stage.split("_"))
        return QueueConsumer(
            self,
            name,
            stage=stage,
            root=self._root,
            alerts=self.alerts,
            max_concurrency=max_concurrency,
            log_retention_days=self._log_retention_days,
            has_retries=has_retries,
            starts_runs=starts_runs,
        )

    def _route_events(self, queues: Mapping[str, str], pipelines_stack: str) -> None:
        """Connect each source of events to its queue; the Lambdas send to the alert queue, too."""
        allow_rules_from(pipelines_stack, target=self.trigger)
        subscribe_to_plans(self.plans, target=self.fan_out)
        named = AdvanceSettings.join_queues(queues).partition("=")[0]
        route_ended_jobs(self, "EndedJobs", queues=named, target=self.track)
        route_blocked_queues(self, "BlockedQueues", queues=named, target=self.alert)
        schedule_sweep(self, "Sweep", target=self.track)

    def _export_for_later_stacks(self) -> None:
        """Export all that the pipelines stack can ever import, also while no pipeline needs it.

        An export that went with the last start job, upload, webhook or bucket of results would be removed
        before the stack that still imports it is updated, which CloudFormation refuses:
        https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-stack-exports.html
        """
        for topic in (*topics_of(self.alerts), self.plans):
            self.export_value(topic.topic_arn)
        for queue in (
            self.trigger.queue,
            self.trigger.undelivered,
            self.trigger.dead_letters,
            self.alert.queue,
        ):
            self.export_value(queue.queue_arn)
            self.export_value(queue.queue_url)
        self.export_value(self.track.role.role_name)

    def _configure_consumers(self, storage: StorageStack, queues: Mapping[str, str]) -> None:
        ledger, arns, alert = (
            storage.ledger.table_name,
            AdvanceSettings.join_queues(queues),
            self.alert.queue.queue_url,
        )

        def advance(consumer: QueueConsumer) -> dict[str, str]:
            return {
                "ledger_table": ledger,
                "queues": arns,
                "alert_queue": alert,
                "dead_letter_queue": consumer.dead_letters.queue_url,
                "track_queue": self.track.queue.queue_url,
            }

        self.trigger.configure(
            TriggerSettings(**advance(self.trigger), trigger_queue=self.trigger.queue.queue_url)
        )
        self.fan_out.configure(FanOutSettings(**advance(self.fan_out), work_bucket=storage.work.bucket_name))
        self.track.configure(
            TrackSettings(
                **advance(self.track),
                work_bucket=storage.work.bucket_name,
                results_bucket=storage.results.bucket_name,
                trigger_queue=self.trigger.queue.queue_url,
                trigger_retries=self.trigger.undelivered.queue_url,
                alert_retries=self.alert.undelivered.queue_url,
            )
        )
        self.alert.configure(
            AlertSettings(
                stack_prefix=self._stack_prefix,
                ledger_table=ledger,
                alert_topic=self.alerts.topic_arn,
                phone_topic=phones_of(self.alerts).topic_arn,
                alert_queue=alert,
                results_bucket=storage.results.bucket_name,
                work_bucket=storage.work.bucket_name,
                dead_letter_queue=self.alert.dead_letters.queue_url,
            )
        )

    def _grant(self, storage: StorageStack, queues: Mapping[str, str], pipelines_stack: str) -> None:
        for consumer in (self.trigger, self.fan_out, self.track):
            grants.advance_runs(
                consumer.function,
                ledger=storage.ledger,
                queues=list(queues.values()),
                definitions=self._definitions,
            )
            self.alert.queue.grant_send_messages(consumer.function)
            self.track.queue.grant_send_messages(consumer.function)
        grants.keep_while_paused(self.trigger.function, ledger=storage.ledger)
        grants.replace_waiting_runs(self.trigger.function, ledger=storage.ledger)
        grants.send_to(self.trigger.function, queue=self.trigger.queue)
        grants.read_states(self.trigger.function, ledger=storage.ledger)
        grants.read_definitions(self.trigger.function, published_by=pipelines_stack)
        grants.sweep_runs(self.track.function, ledger=storage.ledger)
        for consumer in (self.trigger, self.alert):
            grants.redrive(self.track.function, retries=consumer.undelivered, queue=consumer.queue)
        grants.read_failure_reports(self.track.function, work=storage.work)
        grants.find_manifests(self.track.function, work=storage.work)
        grants.judge_ends(self.track.function, ledger=storage.ledger, work=storage.work)
        grants.publish_failed_items(self.track.function, work=storage.work, results=storage.results)
        grants.end_arrays(self.fan_out.function, work=storage.work)
        grants.read_failure_reports(self.alert.function, work=storage.work)
        grants.explain_failures(self.alert.function, ledger=storage.ledger, job_logs_in=pipelines_stack)
        grants.publish_run_events(self.alert.function)
        grants.open_tickets(self.alert.function)
        grants.send_to(self.alert.function, queue=self.alert.queue)
        for topic in topics_of(self.alerts):
            topic.grant_publish(self.alert.function)
