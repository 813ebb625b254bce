"""A log group that forgets: its lines expire, and it goes with its stack."""

from __future__ import annotations

from aws_cdk import RemovalPolicy
from aws_cdk import aws_logs as logs
from constructs import Construct


def log_group(scope: Construct, construct_id: str, *, retention_days: int) -> logs.LogGroup:
    """Return a log group whose lines are kept for so many days: one of CloudWatch's steps."""
    group = logs.LogGroup(scope, construct_id, removal_policy=RemovalPolicy.DESTROY)
    resource = group.node.default_child
    assert isinstance(resource, logs.CfnLogGroup)  # noqa: S101 - tells mypy what the L2 always is
    # The L2 takes the name of an enumeration; the number is what a person configured.
    resource.retention_in_days = retention_days
    return group
