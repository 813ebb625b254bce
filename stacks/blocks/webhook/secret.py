"""The secret of a webhook: made by Secrets Manager, changed by a person or by itself; the one before stays
valid.
"""

from __future__ import annotations

import string
from pathlib import Path

from aws_cdk import Duration, RemovalPolicy, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct

from sluice.pipeline.definition import Webhook
from stacks.blocks.consumers.grants import function_role
from stacks.blocks.functions.code import powertools_layer, reaction_code
from stacks.blocks.monitoring.log_group import log_group
from stacks.blocks.webhook.grants import rotate_secret
from stacks.reasons import accept

_CHARACTERS = 44
"""Letters and digits, a number that four divides: such a text is base64 too, of 33 bytes, as Standard
Webhooks wants secrets to be.
"""


def signing_secret(
    scope: Construct, construct_id: str, *, pipeline: str, webhook: Webhook
) -> secretsmanager.CfnSecret:
    """Return a secret with a value that nobody has seen; Stripe's own takes its place by hand."""
    secret = secretsmanager.CfnSecret(
        scope,
        construct_id,
        description=f"Sluice: requests to the webhook of {pipeline} are signed with it ({webhook.signature})",
        generate_secret_string=secretsmanager.CfnSecret.GenerateSecretStringProperty(
            password_length=_CHARACTERS, exclude_characters=string.punctuation, include_space=False
        ),
    )
    secret.apply_removal_policy(RemovalPolicy.DESTROY)
    if webhook.rotate_days is None:
        accept(
            secret,
            "AwsSolutions-SMG4",
            "Its callers have to take up each new secret in time; where they can, rotate_days= of the Webhook"
            " turns rotation on.",
        )
    return secret


class Rotation(Construct):
    """Lets Secrets Manager put a new secret every so many days, by a Lambda that it calls four times."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        secret: secretsmanager.CfnSecret,
        days: int,
        root: Path,
        log_retention_days: int,
    ) -> None:
        super().__init__(scope, construct_id)
        self.function = _function(self, root=root, log_retention_days=log_retention_days)
        rotate_secret(self.function, secret=secret)
        service = iam.ServicePrincipal("secretsmanager.amazonaws.com")
        self.function.add_permission(
            "SecretsManager", principal=service, source_account=Stack.of(self).account
        )
        schedule = secretsmanager.CfnRotationSchedule(
            self,
            "Schedule",
            secret_id=secret.attr_id,
            rotation_lambda_arn=self.function.function_arn,
            rotation_rules=secretsmanager.CfnRotationSchedule.RotationRulesProperty(
                automatically_after_days=days
            ),
            rotate_immediately_on_update=False,
        )
        # Secrets Manager tries whether it may call the function when the schedule is made.
        schedule.node.add_dependency(self.function)


def _function(scope: Construct, *, root: Path, log_retention_days: int) -> lambda_.Function:
    log_lines = log_group(scope, "Logs", retention_days=log_retention_days)
    function = lambda_.Function(
        scope,
        "Function",
        description="Sluice: rotate the secret of a webhook",
        runtime=lambda_.Runtime.PYTHON_3_13,
        architecture=lambda_.Architecture.ARM_64,
        handler="lambdas.rotate.handler.handler",
        code=reaction_code(root, "rotate"),
        layers=[powertools_layer(scope)],
        role=function_role(scope, log_lines=log_lines),
        log_group=log_lines,
        memory_size=256,
        timeout=Duration.seconds(60),
        tracing=lambda_.Tracing.DISABLED,
        environment={"POWERTOOLS_SERVICE_NAME": "rotate"},
    )
    accept(
        function,
        "AwsSolutions-L1",
        "As every Lambda of the app: proven with the Powertools layer on this version.",
    )
    return function
