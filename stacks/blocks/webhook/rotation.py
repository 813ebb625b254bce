"""The rotation of a webhook's secret, by a Lambda that Secrets Manager calls."""

from __future__ import annotations

from pathlib import Path

from aws_cdk import Duration, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct

from stacks.blocks.functions.function import FunctionSpec, lambda_function
from stacks.blocks.webhook.grants import rotate_secret

_FUNCTION = FunctionSpec(
    folder="rotate",
    description="Sluice: rotate the secret of a webhook",
    memory_mib=256,
    timeout=Duration.seconds(60),
    environment={},
)


class Rotation(Construct):
    """Replaces the secret every ``days`` days; Secrets Manager calls the Lambda four times for it."""

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
        self.function = lambda_function(self, _FUNCTION, root=root, log_retention_days=log_retention_days)
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
        # When the schedule is created, Secrets Manager tests whether it may call the function.
        schedule.node.add_dependency(self.function)
