"""A pipeline's own HTTPS address: a function URL, the secret that its callers sign with, and the Lambda that
verifies the signatures.

No queue feeds this Lambda, because its caller waits for the answer; docs/decisions/0011-webhooks.md.
"""

from __future__ import annotations

from pathlib import Path

from aws_cdk import Annotations, CfnOutput, Duration, Stack
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sns as sns
from constructs import Construct

from sluice.pipeline.definition import Pipeline, Webhook
from sluice.settings import NO_SCHEMA, WebhookSettings
from stacks.blocks.consumers.queue_consumer import QueueConsumer
from stacks.blocks.functions.function import FunctionSpec, lambda_function
from stacks.blocks.triggers.definition import Definition
from stacks.blocks.webhook import grants
from stacks.blocks.webhook.alarms import alarm_on_rotation, alarm_on_unanswered
from stacks.blocks.webhook.rotation import Rotation
from stacks.blocks.webhook.schema import MODULE, schema_layer
from stacks.blocks.webhook.secret import signing_secret

# GitHub gives up after ten seconds:
# https://docs.github.com/en/webhooks/using-webhooks/best-practices-for-using-webhooks
_TIMEOUT = Duration.seconds(10)
_MEMORY_MIB = 512


def _unbounded(pipeline: str) -> str:
    return (
        f"Nothing bounds how many requests to the webhook of {pipeline} are answered at a time: the public"
        " address can use up the whole concurrency of the account's Lambdas in this Region, which is 1,000 as"
        " a rule and 10 in a new account, and all others wait. `sluice doctor` prints the account's number."
        " SLUICE_WEBHOOK_CONCURRENCY sets a bound; the account has to keep 100 free beside it."
    )


def webhook_of(pipeline: Pipeline) -> Webhook | None:
    """Return the webhook of a pipeline, if it has one."""
    return next((trigger for trigger in pipeline.triggers if isinstance(trigger, Webhook)), None)


class WebhookAddress(Construct):
    """The address of one pipeline; its URL and its secret are outputs of the stack."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        pipeline: Pipeline,
        webhook: Webhook,
        definition: Definition,
        root: Path,
        ledger: dynamodb.ITable,
        target: QueueConsumer,
        alerts: sns.ITopic,
        max_concurrency: int | None,
        log_retention_days: int,
    ) -> None:
        super().__init__(scope, construct_id)
        self.secret = signing_secret(self, "Secret", pipeline=pipeline.name, webhook=webhook)
        spec = FunctionSpec(
            folder="webhook",
            description=f"Sluice: webhook of {pipeline.name}",
            memory_mib=_MEMORY_MIB,
            timeout=_TIMEOUT,
            environment={},
            max_concurrency=max_concurrency,
        )
        self.function = lambda_function(self, spec, root=root, log_retention_days=log_retention_days)
        if max_concurrency is None:
            Annotations.of(self).add_warning_v2("sluice:webhook-concurrency", _unbounded(pipeline.name))
        if webhook.schema is not None:
            self.function.add_layers(schema_layer(self, "Schema", pipeline=pipeline, schema=webhook.schema))
        self._configure(pipeline, webhook, definition, ledger, target)
        grants.read_secret(self.function, secret=self.secret)
        grants.record_deliveries(self.function, pipeline=pipeline.name, ledger=ledger)
        target.queue.grant_send_messages(self.function)
        alarm_on_unanswered(self, pipeline=pipeline.name, function=self.function, alerts=alerts)
        if webhook.rotate_days is not None:
            rotation = Rotation(
                self,
                "Rotation",
                secret=self.secret,
                days=webhook.rotate_days,
                root=root,
                log_retention_days=log_retention_days,
            )
            alarm_on_rotation(rotation, pipeline=pipeline.name, function=rotation.function, alerts=alerts)
        self._add_outputs(pipeline.name)

    def _configure(
        self,
        pipeline: Pipeline,
        webhook: Webhook,
        definition: Definition,
        ledger: dynamodb.ITable,
        target: QueueConsumer,
    ) -> None:
        settings = WebhookSettings(
            pipeline=pipeline.name,
            definition_bucket=definition.bucket,
            definition_key=definition.key,
            trigger_queue=target.queue.queue_url,
            ledger_table=ledger.table_name,
            secret=self.secret.attr_id,
            signature=webhook.signature,
            schema=NO_SCHEMA if webhook.schema is None else MODULE,
        )
        for name, value in settings.to_env().items():
            self.function.add_environment(name, value)

    def _add_outputs(self, pipeline: str) -> None:
        # The signature is the authentication: senders have no credentials of AWS.
        url = self.function.add_function_url(auth_type=lambda_.FunctionUrlAuthType.NONE)
        name = "".join(word.capitalize() for word in pipeline.split("-"))
        stack = Stack.of(self)
        CfnOutput(
            stack, f"{name}WebhookUrl", value=url.url, description=f"Start {pipeline} by a signed request."
        )
        CfnOutput(
            stack,
            f"{name}WebhookSecret",
            value=self.secret.attr_id,
            description=f"What signs requests to {pipeline}.",
        )
