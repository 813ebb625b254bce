"""A pipeline's own HTTPS address: a function URL, the secret that its callers sign with, and the Lambda that
knows who signed.

One Lambda that no queue feeds, because it answers somebody who waits; docs/decisions/0011-webhooks.md.
"""

from __future__ import annotations

from pathlib import Path

from aws_cdk import CfnOutput, Duration, Stack
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sns as sns
from constructs import Construct

from sluice.pipeline.definition import Pipeline, Webhook
from sluice.settings import NO_SCHEMA, WebhookSettings
from stacks.blocks.consumers.alarms import alarm_on_rotation, alarm_on_unanswered
from stacks.blocks.consumers.grants import function_role
from stacks.blocks.consumers.queue_consumer import Reaction
from stacks.blocks.functions.code import powertools_layer, reaction_code
from stacks.blocks.monitoring.log_group import log_group
from stacks.blocks.triggers.definition import Definition
from stacks.blocks.webhook import grants
from stacks.blocks.webhook.schema import MODULE, schema_layer
from stacks.blocks.webhook.secret import Rotation, signing_secret
from stacks.reasons import accept

# GitHub gives up after ten seconds:
# https://docs.github.com/en/webhooks/using-webhooks/best-practices-for-using-webhooks
_TIMEOUT = Duration.seconds(10)
_MEMORY_MIB = 512


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
        fill: Reaction,
        alerts: sns.ITopic,
        at_once: int | None,
        log_retention_days: int,
    ) -> None:
        super().__init__(scope, construct_id)
        self.secret = signing_secret(self, "Secret", pipeline=pipeline.name, webhook=webhook)
        self.function = _function(
            self, pipeline=pipeline, root=root, at_once=at_once, log_retention_days=log_retention_days
        )
        if webhook.schema is not None:
            self.function.add_layers(schema_layer(self, "Schema", pipeline=pipeline, schema=webhook.schema))
        self._runs_with(pipeline, webhook, definition, ledger, fill)
        grants.read_secret(self.function, secret=self.secret)
        grants.note_deliveries(self.function, pipeline=pipeline.name, ledger=ledger)
        fill.queue.grant_send_messages(self.function)
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
        self._tell(pipeline.name)

    def _runs_with(
        self,
        pipeline: Pipeline,
        webhook: Webhook,
        definition: Definition,
        ledger: dynamodb.ITable,
        fill: Reaction,
    ) -> None:
        settings = WebhookSettings(
            pipeline=pipeline.name,
            definition_bucket=definition.bucket,
            definition_key=definition.key,
            trigger_queue=fill.queue.queue_url,
            ledger_table=ledger.table_name,
            secret=self.secret.attr_id,
            signature=webhook.signature,
            schema=NO_SCHEMA if webhook.schema is None else MODULE,
        )
        for name, value in settings.to_env().items():
            self.function.add_environment(name, value)

    def _tell(self, pipeline: str) -> None:
        # The signature is the authentication, and its senders have no credentials of AWS.
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


def _function(
    scope: Construct, *, pipeline: Pipeline, root: Path, at_once: int | None, log_retention_days: int
) -> lambda_.Function:
    log_lines = log_group(scope, "Logs", retention_days=log_retention_days)
    function = lambda_.Function(
        scope,
        "Function",
        description=f"Sluice: webhook of {pipeline.name}",
        runtime=lambda_.Runtime.PYTHON_3_13,
        architecture=lambda_.Architecture.ARM_64,
        handler="lambdas.webhook.handler.handler",
        code=reaction_code(root, "webhook"),
        layers=[powertools_layer(scope)],
        role=function_role(scope, log_lines=log_lines),
        log_group=log_lines,
        memory_size=_MEMORY_MIB,
        timeout=_TIMEOUT,
        tracing=lambda_.Tracing.DISABLED,
        reserved_concurrent_executions=at_once,
        environment={"POWERTOOLS_SERVICE_NAME": "webhook"},
    )
    accept(
        function,
        "AwsSolutions-L1",
        "As every Lambda of the app: proven with the Powertools layer on this version.",
    )
    return function
