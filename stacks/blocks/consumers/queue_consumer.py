"""A queue consumer: a Lambda with its queue, dead-letter queue and alarms. No other construct makes a Lambda
that reacts to messages.
"""

from __future__ import annotations

from pathlib import Path

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda_event_sources as sources
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from sluice.limits import MAX_RECEIVES
from sluice.settings import Settings
from stacks.blocks.consumers.alarms import alarm_on_age, alarm_on_dead_letters, alarm_on_retries
from stacks.blocks.functions.function import FunctionSpec, lambda_function
from stacks.reasons import accept

TIMEOUT = Duration.seconds(60)
BATCH_SIZE = 10
"""The largest batch that Lambda takes without waiting for more messages."""
# Six times the function's time-out, so that a message does not come again while it is still retried:
# https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
_VISIBILITY = Duration.seconds(360)
_RETENTION = Duration.days(14)
_MAX_REDRIVES = 1_000
"""The most that SQS takes: how often a message may be read in a queue of retries, and not be moved."""
_MEMORY_MIB = 512


class QueueConsumer(Construct):
    """A queue, its dead-letter queue, the Lambda that reads it under a role of its own, and alarms on both
    queues.

    ``has_retries`` gives it a queue of retries, for what nothing else would find again: it takes what failed
    five times, and what EventBridge could not deliver, and a sweep empties it into the queue again. See
    docs/decisions/0036-outages.md and 0054. With ``starts_runs`` an alarm tells of it.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        stage: str,
        root: Path,
        alerts: sns.ITopic,
        max_concurrency: int,
        log_retention_days: int,
        batch_size: int = BATCH_SIZE,
        batching_window: Duration | None = None,
        has_retries: bool = False,
        starts_runs: bool = False,
    ) -> None:
        super().__init__(scope, construct_id)
        self.dead_letters = _queue(self, "DeadLetters")
        accept(self.dead_letters, "AwsSolutions-SQS3", "It is a dead-letter queue itself.")
        self.undelivered = self.dead_letters
        if has_retries or starts_runs:
            given_up = sqs.DeadLetterQueue(queue=self.dead_letters, max_receive_count=_MAX_REDRIVES)
            self.undelivered = _queue(self, "Retries", dead_letter_queue=given_up)
        if starts_runs:
            alarm_on_retries(self, stage=stage, retries=self.undelivered, alerts=alerts)
        self.queue = _queue(
            self,
            "Queue",
            visibility_timeout=_VISIBILITY,
            dead_letter_queue=sqs.DeadLetterQueue(queue=self.undelivered, max_receive_count=MAX_RECEIVES),
        )
        alarm_on_dead_letters(self, stage=stage, dead_letters=self.dead_letters, alerts=alerts)
        alarm_on_age(self, stage=stage, queue=self.queue, alerts=alerts, is_only_one=has_retries)
        spec = FunctionSpec(
            folder=stage,
            description=f"Sluice: {stage}",
            memory_mib=_MEMORY_MIB,
            timeout=TIMEOUT,
            environment={"POWERTOOLS_METRICS_NAMESPACE": "Sluice"},
        )
        self.function = lambda_function(self, spec, root=root, log_retention_days=log_retention_days)
        # A batch of more than ten messages needs a window in which they are gathered:
        # https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-parameters.html
        self.function.add_event_source(
            sources.SqsEventSource(
                self.queue,
                batch_size=batch_size,
                max_batching_window=batching_window,
                max_concurrency=max_concurrency,
                report_batch_item_failures=True,
            )
        )
        # A malformed message goes there at once, with its reason, instead of failing five times first.
        self.dead_letters.grant_send_messages(self.function)

    @property
    def role(self) -> iam.IRole:
        """Return the role of its function."""
        assert self.function.role is not None, "every function of ours has one"  # noqa: S101
        return self.function.role

    def configure(self, settings: Settings) -> None:
        """Set the function's settings; they may name other consumers, so this is called after all are
        made.
        """
        for name, value in settings.to_env().items():
            self.function.add_environment(name, value)


def _queue(
    scope: Construct,
    construct_id: str,
    *,
    visibility_timeout: Duration | None = None,
    dead_letter_queue: sqs.DeadLetterQueue | None = None,
) -> sqs.Queue:
    return sqs.Queue(
        scope,
        construct_id,
        encryption=sqs.QueueEncryption.SQS_MANAGED,
        enforce_ssl=True,
        retention_period=_RETENTION,
        visibility_timeout=visibility_timeout,
        dead_letter_queue=dead_letter_queue,
        # Messages are work in flight: they go when the stack goes.
        removal_policy=RemovalPolicy.DESTROY,
    )
