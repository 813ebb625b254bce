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
from sluice.tags import PIPELINE
from sluice.triggers.upload_patterns import keys_below

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
    definitions: str,
) -> None:
    """Read and write the pipeline's own runs, submit its jobs to these queues and with these limits, and look
    up a job by its name; the names of its definitions begin with ``definitions``.

    TransactWriteItems is authorised as the writes in it:
    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis-iam.html
    """
    actions = ["dynamodb:Query", "dynamodb:PutItem", "dynamodb:UpdateItem"]
    _allow(role, actions, [ledger.table_arn], own_items(pipeline))
    stack = Stack.of(role)
    ours = f"arn:{stack.partition}:batch:{stack.region}:{stack.account}:job-definition/{definitions}*"
    _allow(role, ["batch:SubmitJob"], [ours, *limits, *queues])
    # A job is tagged when it is submitted, as its own pipeline's; it has no ARN before.
    own = {"StringEquals": {f"aws:RequestTag/{PIPELINE}": pipeline}}
    jobs = f"arn:{stack.partition}:batch:{stack.region}:{stack.account}:job/*"
    not_others = {"StringEqualsIfExists": {f"aws:ResourceTag/{PIPELINE}": pipeline}}
    _allow(role, ["batch:TagResource"], [jobs], {**own, **not_others})
    # A look-up has no resource-level permissions:
    # https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsbatch.html
    _allow(role, ["batch:ListJobs", "batch:DescribeJobs"], ["*"])


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
    """Read the very versions that started the runs, and list what begins like them.

    To who may list a whole bucket S3 says of a missing object that it is missing, to others that they have
    no access; so a job takes the latter for what it can be as well:
    https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
    """
    patterns = [keys_below(prefix) for prefix in prefixes]
    objects = [inbox.arn_for_objects(pattern) for pattern in patterns]
    _allow(role, ["s3:GetObject", "s3:GetObjectVersion"], objects)
    listed = {"StringLike": {"s3:prefix": patterns}}
    _allow(role, ["s3:ListBucket"], [inbox.bucket_arn], listed)


def read_connected(role: iam.Role, *, prefixes: Mapping[str, Sequence[str]], keys: Sequence[str]) -> None:
    """Read what is below these prefixes of buckets that are not Sluice's, list what begins like them, and
    decrypt with their keys, by way of S3 alone.

    In a bucket of another account the bucket's policy, and that of the key, must allow it as well:
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/example-walkthroughs-managing-access-example2.html
    """
    partition = Stack.of(role).partition
    for bucket, own in prefixes.items():
        arn = f"arn:{partition}:s3:::{bucket}"
        patterns = [keys_below(prefix) for prefix in own]
        _allow(role, ["s3:GetObject", "s3:GetObjectVersion"], [f"{arn}/{pattern}" for pattern in patterns])
        listed = {"StringLike": {"s3:prefix": patterns}}
        _allow(role, ["s3:ListBucket"], [arn], listed)
    if keys:
        _allow(role, ["kms:Decrypt"], list(keys), {"StringLike": {"kms:ViaService": "s3.*.amazonaws.com*"}})


def publish_results(role: iam.Role, *, folder: str) -> None:
    """Write files in a folder of results, an ARN with a pattern, and look at what they replace; not delete.

    A write under the condition that an object is still the one that was seen needs s3:GetObject, too:
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
    """
    _allow(role, ["s3:PutObject", "s3:AbortMultipartUpload", "s3:GetObject"], [f"{folder}*"])


def read_results(role: iam.Role, *, folder: str) -> None:
    """Read files in a folder of results, an ARN with a pattern."""
    _allow(role, ["s3:GetObject", "s3:GetObjectVersion"], [f"{folder}*"])


def write_receipts(role: iam.Role, *, bucket: str, prefix: str) -> None:
    """List and read what runs published below a prefix of a bucket, an ARN, and write the files with their
    failed items, their receipts and their reports.
    """
    folder = f"{bucket}/{prefix}"
    _allow(role, ["s3:ListBucket"], [bucket], {"StringLike": {"s3:prefix": [f"{prefix}*"]}})
    _allow(role, ["s3:GetObject"], [f"{folder}*"])
    written = [f"{folder}{name}" for name in (keys.FAILED_ITEMS, keys.RECEIPT, keys.REPORT)]
    _allow(role, ["s3:PutObject", "s3:AbortMultipartUpload"], written)


def _allow(
    role: iam.Role,
    actions: list[str],
    resources: list[str],
    conditions: Conditions | None = None,
) -> None:
    role.add_to_policy(iam.PolicyStatement(actions=actions, resources=resources, conditions=conditions))
