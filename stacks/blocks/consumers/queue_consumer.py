"""A reaction: everything that a Lambda does comes from a queue with a dead-letter queue and an alarm. Made
here, and nowhere else.
"""

from __future__ import annotations

from pathlib import Path

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_lambda_event_sources as sources
from aws_cdk import aws_logs as logs
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from sluice.settings import Settings
from stacks.blocks.consumers.alarms import alarm_on_age, alarm_on_dead_letters, alarm_on_failures
from stacks.blocks.consumers.grants import function_role
from stacks.blocks.functions.code import powertools_layer, reaction_code
from stacks.blocks.monitoring.log_group import log_group
from stacks.reasons import accept

TIMEOUT = Duration.seconds(60)
# Six times the function's time-out, so that a message does not come again while it is still retried:
# https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
_VISIBILITY = Duration.seconds(360)
_TRIES = 5
_KEPT = Duration.days(14)
BATCH = 10
"""As many messages as Lambda hands over at once without waiting for more."""
_MEMORY_MIB = 512


class Reaction(Construct):
    """A queue, its dead-letter queue, the Lambda that reads it under a role of its own, and alarms on all
    three.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        stage: str,
        root: Path,
        alerts: sns.ITopic,
        at_once: int,
        log_retention_days: int,
        batch: int = BATCH,
        window: Duration | None = None,
    ) -> None:
        super().__init__(scope, construct_id)
        self.dead_letters = _queue(self, "DeadLetters")
        accept(self.dead_letters, "AwsSolutions-SQS3", "It is a dead-letter queue itself.")
        self.queue = _queue(
            self,
            "Queue",
            visibility_timeout=_VISIBILITY,
            dead_letter_queue=sqs.DeadLetterQueue(queue=self.dead_letters, max_receive_count=_TRIES),
        )
        alarm_on_dead_letters(self, stage=stage, dead_letters=self.dead_letters, alerts=alerts)
        alarm_on_age(self, stage=stage, queue=self.queue, alerts=alerts)
        self.function = _function(
            self, stage=stage, root=root, log_lines=log_group(self, "Logs", retention_days=log_retention_days)
        )
        # More than ten messages at once need a window in which they are gathered:
        # https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-parameters.html
        self.function.add_event_source(
            sources.SqsEventSource(
                self.queue,
                batch_size=batch,
                max_batching_window=window,
                max_concurrency=at_once,
                report_batch_item_failures=True,
            )
        )
        alarm_on_failures(self, stage=stage, function=self.function, alerts=alerts)
        # A malformed message goes there at once, with its reason, instead of failing five times first.
        self.dead_letters.grant_send_messages(self.function)

    def runs_with(self, settings: Settings) -> None:
        """Hand the function its settings; they may name other reactions, so they come after all are made."""
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
        retention_period=_KEPT,
        visibility_timeout=visibility_timeout,
        dead_letter_queue=dead_letter_queue,
        # Messages are work that is under way: they go when the stack goes.
        removal_policy=RemovalPolicy.DESTROY,
    )


def _function(scope: Construct, *, stage: str, root: Path, log_lines: logs.ILogGroup) -> lambda_.Function:
    function = lambda_.Function(
        scope,
        "Function",
        description=f"Sluice: {stage}",
        runtime=lambda_.Runtime.PYTHON_3_13,
        architecture=lambda_.Architecture.ARM_64,
        handler=f"lambdas.{stage}.handler.handler",
        code=reaction_code(root, stage),
        layers=[powertools_layer(scope)],
        role=function_role(scope, log_lines=log_lines),
        log_group=log_lines,
        memory_size=_MEMORY_MIB,
        timeout=TIMEOUT,
        # The Tracer's SDK would double a cold start, and the run's id in every log line already ties a run
        # together.
        tracing=lambda_.Tracing.DISABLED,
        environment={"POWERTOOLS_SERVICE_NAME": stage, "POWERTOOLS_METRICS_NAMESPACE": "Sluice"},
    )
    accept(
        function,
        "AwsSolutions-L1",
        "The Powertools layer and boto3 of the runtime are proven together on this version; see"
        " stacks/blocks/functions/code.py.",
    )
    return function
