"""What the Lambdas of a webhook may do: read or rotate its secret, and record its pipeline's deliveries."""

from __future__ import annotations

from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_secretsmanager as secretsmanager

from stacks.blocks.jobs.job_roles import Conditions, own_items

_RECORD_ATTRIBUTES = ["pk", "sk", "signed_at", "digest", "expires_at"]


def read_secret(function: lambda_.Function, *, secret: secretsmanager.CfnSecret) -> None:
    """Read the secret that signs requests."""
    _allow(function, ["secretsmanager:GetSecretValue"], secret.attr_id)


def rotate_secret(function: lambda_.Function, *, secret: secretsmanager.CfnSecret) -> None:
    """Put a new version of the secret, and make it the current one.

    Source:
    https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotating-secrets-required-permissions-function.html
    """
    actions = ["DescribeSecret", "GetSecretValue", "PutSecretValue", "UpdateSecretVersionStage"]
    _allow(function, [f"secretsmanager:{action}" for action in actions], secret.attr_id)


def record_deliveries(function: lambda_.Function, *, pipeline: str, ledger: dynamodb.ITable) -> None:
    """Record deliveries beside the pipeline's own runs, in the attributes of such a record and no others.

    Source: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/specifying-conditions.html
    """
    own = own_items(pipeline)
    _allow(function, ["dynamodb:GetItem"], ledger.table_arn, own)
    conditions: Conditions = {
        **own,
        "ForAllValues:StringEquals": {"dynamodb:Attributes": _RECORD_ATTRIBUTES},
        "Null": {"dynamodb:LeadingKeys": "false", "dynamodb:Attributes": "false"},
    }
    _allow(function, ["dynamodb:UpdateItem"], ledger.table_arn, conditions)


def _allow(
    function: lambda_.Function,
    actions: list[str],
    resource: str,
    conditions: Conditions | None = None,
) -> None:
    function.add_to_role_policy(
        iam.PolicyStatement(actions=actions, resources=[resource], conditions=conditions)
    )
