"""Lets the accounts whose buckets start pipelines forward S3's events to this account's default bus."""

from __future__ import annotations

from collections.abc import Iterable

from aws_cdk import Stack
from aws_cdk import aws_events as events
from constructs import Construct

from sluice.pipeline.definition import Pipeline
from sluice.pipeline.validation.triggers.uploads import uploads_of


def accept_events_of_accounts(scope: Construct, pipelines: Iterable[Pipeline]) -> None:
    """Add a statement to the bus's policy for each other account; none without such a bucket.

    The role of the forwarding rule there is of that account, which is named as a whole: its name is the
    other side's. Only events of S3 are taken.
    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-bus-perms.html
    """
    stack = Stack.of(scope)
    accounts = {one.account for pipeline in pipelines for one in uploads_of(pipeline) if one.account}
    for account in sorted(accounts):
        events.CfnEventBusPolicy(
            scope,
            f"EventsOf{account}",
            event_bus_name="default",
            statement_id=f"{stack.stack_name}-{account}",
            statement={
                "Effect": "Allow",
                "Principal": {"AWS": f"arn:{stack.partition}:iam::{account}:root"},
                "Action": "events:PutEvents",
                "Resource": f"arn:{stack.partition}:events:{stack.region}:{stack.account}:event-bus/default",
                "Condition": {"StringEquals": {"events:source": "aws.s3"}},
            },
        )
