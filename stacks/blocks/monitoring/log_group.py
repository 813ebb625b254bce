"""A log group whose lines expire, and which is deleted with its stack."""

from __future__ import annotations

from aws_cdk import RemovalPolicy
from aws_cdk import aws_logs as logs
from constructs import Construct


def log_group(
    scope: Construct, construct_id: str, *, retention_days: int, name: str | None = None
) -> logs.LogGroup:
    """Return a log group that keeps its lines for ``retention_days``: one of CloudWatch's steps."""
    group = logs.LogGroup(scope, construct_id, log_group_name=name, removal_policy=RemovalPolicy.DESTROY)
    resource = group.node.default_child
    assert isinstance(resource, logs.CfnLogGroup)  # noqa: S101 - narrows to what the L2 always makes
    # The L2 takes the name of an enumeration; the number is what a person configured.
    resource.retention_in_days = retention_days
    return group


def job_logs_of(stack_name: str, pipeline: str) -> str:
    """Return the name of the log group of a pipeline's jobs, which the alert Lambda may read before it is
    created.
    """
    return f"/{stack_name}/{pipeline}"
