"""A Lambda function of ours: its own code, log group and role, Powertools from AWS's layer, Python on Arm."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from aws_cdk import Duration
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct

from stacks.blocks.functions.code import lambda_code, powertools_layer
from stacks.blocks.monitoring.log_group import log_group
from stacks.reasons import accept


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionSpec:
    """What one function is: ``folder`` is its folder in ``lambdas``, ``max_concurrency`` what is reserved
    for it.
    """

    folder: str
    description: str
    memory_mib: int
    timeout: Duration
    environment: Mapping[str, str]
    max_concurrency: int | None = None


def lambda_function(
    scope: Construct, spec: FunctionSpec, *, root: Path, log_retention_days: int
) -> lambda_.Function:
    """Return a function with its role and log group, all added to ``scope``."""
    log_lines = log_group(scope, "Logs", retention_days=log_retention_days)
    function = lambda_.Function(
        scope,
        "Function",
        description=spec.description,
        runtime=lambda_.Runtime.PYTHON_3_13,
        architecture=lambda_.Architecture.ARM_64,
        handler=f"lambdas.{spec.folder}.handler.handler",
        code=lambda_code(root, spec.folder),
        layers=[powertools_layer(scope)],
        role=function_role(scope, log_lines),
        log_group=log_lines,
        memory_size=spec.memory_mib,
        timeout=spec.timeout,
        # The Tracer's SDK would double a cold start, and the run's id in every log line already ties a run
        # together.
        tracing=lambda_.Tracing.DISABLED,
        reserved_concurrent_executions=spec.max_concurrency,
        environment={"POWERTOOLS_SERVICE_NAME": spec.folder, **spec.environment},
    )
    accept(
        function,
        "AwsSolutions-L1",
        "The Powertools layer and boto3 of the runtime are proven together on this version; see"
        " stacks/blocks/functions/code.py.",
    )
    return function


def function_role(scope: Construct, log_lines: logs.ILogGroup) -> iam.Role:
    """Return a role that may write to the function's log group, and nothing else yet."""
    role = iam.Role(scope, "Role", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
    log_lines.grant_write(role)
    return role
