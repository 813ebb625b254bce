"""What the jobs of one pipeline may do, all of it with what belongs to their pipeline.

A run's id is its pipeline's name, a hyphen and 20 characters. The patterns count those characters, so that
the jobs of ``word`` never reach what belongs to ``word-count``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from aws_cdk import Stack
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_ecr_assets as assets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from aws_cdk import aws_s3 as s3
from constructs import Construct

from sluice import keys
from sluice.run.job_names import run_id

Role = iam.Role
Conditions = Mapping[str, Mapping[str, str | list[str]]]


def job_role(scope: Construct, construct_id: str) -> iam.Role:
    """Return a role for the programs in jobs of this account; tasks of other accounts cannot assume it.

    Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-iam-roles.html (confused deputy)
    """
    return iam.Role(scope, construct_id, assumed_by=_tasks_of_this_account(scope))


def execution_role(
    scope: Construct,
    construct_id: str,
    *,
    images: Sequence[assets.DockerImageAsset],
    log_lines: logs.ILogGroup,
) -> iam.Role:
    """Return the execution role of jobs: it may pull these images and write to this log group."""
    role = iam.Role(scope, construct_id, assumed_by=_tasks_of_this_account(scope))
    for image in images:
        image.repository.grant_pull(role)
    log_lines.grant_write(role)
    return role


def _tasks_of_this_account(scope: Construct) -> iam.ServicePrincipal:
    conditions = {"StringEquals": {"aws:SourceAccount": Stack.of(scope).account}}
    return iam.ServicePrincipal("ecs-tasks.amazonaws.com", conditions=conditions)


def runs_of(pipeline: str) -> str:
    """Return the pattern of the ids of a pipeline's runs."""
    digest = run_id("p", "any", {}).removeprefix("p-")
    return f"{pipeline}-{'?' * len(digest)}"


def own_items(pipeline: str) -> Conditions:
    """Return the conditions under which a request names items of the pipeline's own runs, and some at all:
    "for all" is true of none.

    Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html
    """
    return {
        "ForAllValues:StringLike": {"dynamodb:LeadingKeys": [f"RUN#{runs_of(pipeline)}"]},
        "Null": {"dynamodb:LeadingKeys": "false"},
    }


def read_assignment(role: iam.Role, *, pipeline: str, ledger: dynamodb.ITable) -> None:
    """Read the pipeline's own runs in the ledger; a job never writes there."""
    actions = ["dynamodb:GetItem", "dynamodb:BatchGetItem"]
    _allow(role, actions, [ledger.table_arn], own_items(pipeline))


def advance_runs(
    role: iam.Role,
    *,
    pipeline: str,
    ledger: dynamodb.ITable,
    queues: Sequence[str],
    limits: Sequence[str],
) -> None:
    """Read and write the pipeline's own runs, submit its jobs to these queues and with these limits, and look
    up a job by its name.

    TransactWriteItems is authorised as the writes in it:
    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis-iam.html
    """
    actions = ["dynamodb:Query", "dynamodb:PutItem", "dynamodb:UpdateItem"]
    _allow(role, actions, [ledger.table_arn], own_items(pipeline))
    stack = Stack.of(role)
    definitions = (
        f"arn:{stack.partition}:batch:{stack.region}:{stack.account}:job-definition/sluice-{pipeline}-*"
    )
    _allow(role, ["batch:SubmitJob"], [definitions, *limits, *queues])
    # A look-up has no resource-level permissions:
    # https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsbatch.html
    _allow(role, ["batch:ListJobs"], ["*"])


def use_work(role: iam.Role, *, pipeline: str, work: s3.IBucket) -> None:
    """Read, list and write what the jobs of the pipeline's runs pass on."""
    prefix = keys.run_prefix(runs_of(pipeline))
    _allow(
        role,
        ["s3:GetObject", "s3:PutObject", "s3:AbortMultipartUpload"],
        [work.arn_for_objects(f"{prefix}*")],
    )
    _allow(role, ["s3:ListBucket"], [work.bucket_arn], {"StringLike": {"s3:prefix": [f"{prefix}*"]}})


def report_failures(role: iam.Role, *, pipeline: str, step: str, work: s3.IBucket) -> None:
    """Write the failure report of a step of the pipeline's runs."""
    _allow(
        role,
        ["s3:PutObject"],
        [work.arn_for_objects(f"{keys.all_failures_prefix(runs_of(pipeline), step)}*")],
    )


def delete_work(role: iam.Role, *, pipeline: str, work: s3.IBucket) -> None:
    """Delete what the pipeline's runs left behind."""
    _allow(role, ["s3:DeleteObject"], [work.arn_for_objects(f"{keys.run_prefix(runs_of(pipeline))}*")])


def read_uploads(role: iam.Role, *, prefixes: Sequence[str], inbox: s3.IBucket) -> None:
    """Read the very versions that started the runs.

    Without ``s3:ListBucket`` a deleted object would be "access denied", and a run could not report that its
    input is gone; S3 decides that whatever the prefix:
    https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
    """
    objects = [inbox.arn_for_objects(f"{prefix}*") for prefix in prefixes]
    _allow(role, ["s3:GetObject", "s3:GetObjectVersion"], objects)
    _allow(role, ["s3:ListBucket"], [inbox.bucket_arn])


def publish_results(role: iam.Role, *, pipeline: str, results: s3.IBucket) -> None:
    """Write files under the pipeline's name; not read, not delete."""
    _allow(role, ["s3:PutObject", "s3:AbortMultipartUpload"], [results.arn_for_objects(f"{pipeline}/*")])


def _allow(
    role: iam.Role,
    actions: list[str],
    resources: list[str],
    conditions: Conditions | None = None,
) -> None:
    role.add_to_policy(iam.PolicyStatement(actions=actions, resources=resources, conditions=conditions))
