"""The ledger's table; ``sluice.ledger.ledger`` has its keys and what is written under them."""

from __future__ import annotations

from aws_cdk import RemovalPolicy
from aws_cdk import aws_dynamodb as dynamodb
from constructs import Construct

from sluice.ledger.ledger import UNFINISHED_INDEX
from sluice.ledger.listed import LISTED_INDEX


def ledger_table(scope: Construct, construct_id: str) -> dynamodb.Table:
    """Return the table of runs, steps and submissions: paid by request, encrypted, restorable, with the
    sparse index of unfinished runs, and the one by which runs are listed.
    """
    # DynamoDB encrypts always; by default it uses the key that AWS owns, whose calls cost nothing:
    # https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/EncryptionAtRest.html
    table = dynamodb.Table(
        scope,
        construct_id,
        partition_key=_text("pk"),
        sort_key=_text("sk"),
        billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
        point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(
            point_in_time_recovery_enabled=True
        ),
        time_to_live_attribute="expires_at",
        removal_policy=RemovalPolicy.RETAIN,
    )
    table.add_global_secondary_index(
        index_name=UNFINISHED_INDEX,
        partition_key=_text("unfinished"),
        sort_key=_text("created_at"),
        projection_type=dynamodb.ProjectionType.KEYS_ONLY,
    )
    # A deploy may add one index to a table at most, so that this one serves every listing:
    # https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/GSI.OnlineOps.html
    table.add_global_secondary_index(
        index_name=LISTED_INDEX,
        partition_key=_text("listed"),
        sort_key=_text("listed_at"),
        projection_type=dynamodb.ProjectionType.INCLUDE,
        non_key_attributes=["listed_run"],
    )
    return table


def _text(name: str) -> dynamodb.Attribute:
    return dynamodb.Attribute(name=name, type=dynamodb.AttributeType.STRING)
