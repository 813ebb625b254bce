"""A log group that forgets: its lines expire, and it goes with its stack."""

from __future__ import annotations

from aws_cdk import RemovalPolicy
from aws_cdk import aws_logs as logs
from constructs import Construct


def log_group(
    scope: Construct, construct_id: str, *, retention_days: int, name: str | None = None
) -> logs.LogGroup:
    """Return a log group whose lines are kept for so many days: one of CloudWatch's steps."""
    group = logs.LogGroup(scope, construct_id, log_group_name=name, removal_policy=RemovalPolicy.DESTROY)
    resource = group.node.default_child
    assert isinstance(resource, logs.CfnLogGroup)  # noqa: S101 - tells mypy what the L2 always is
    # The L2 takes the name of an enumeration; the number is what a person configured.
    resource.retention_in_days = retention_days
    return group


def job_logs_of(stack_name: str, pipeline: str) -> str:
    """Return the name of the log group of a pipeline's jobs; the alert Lambda may read those of a stack
    before they are made.
    """
    return f"/{stack_name}/{pipeline}"
