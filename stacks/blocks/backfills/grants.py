"""What the job that backfills a pipeline may do: list what its triggers take, read the reports that they
name, look up and record what was processed, and request runs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from aws_cdk import Stack
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sqs as sqs

from sluice import keys
from sluice.backfill import records
from sluice.grouping import records as groups
from sluice.ledger import pauses
from sluice.pipeline.compiling import buckets_of
from sluice.pipeline.definition import Pipeline, S3Upload
from sluice.triggers.upload_patterns import keys_below
from stacks.blocks.jobs.job_roles import Conditions, own_items, runs_of

_READ = ["dynamodb:GetItem", "dynamodb:BatchGetItem"]


def list_uploads(role: iam.Role, *, pipeline: Pipeline, inbox: s3.IBucket) -> None:
    """List what the upload triggers of a pipeline take, with its versions, and read none of it."""
    own = [one.prefix for one in _uploads(pipeline) if one.bucket is None]
    partition = Stack.of(role).partition
    others = {f"arn:{partition}:s3:::{bucket}": prefixes for bucket, prefixes in buckets_of(pipeline).items()}
    found: Mapping[str, Sequence[str]] = {**({inbox.bucket_arn: own} if own else {}), **others}
    for arn, prefixes in found.items():
        below = {"StringLike": {"s3:prefix": [keys_below(prefix) for prefix in dict.fromkeys(prefixes)]}}
        _allow(role, ["s3:ListBucket", "s3:ListBucketVersions"], [arn], below)
    _allow(role, ["s3:GetBucketVersioning"], list(found))


def read_reports(role: iam.Role, *, pipeline: Pipeline) -> None:
    """Read the reports of S3 Inventory that triggers name, and list their folders.

    They may be encrypted with the key of the bucket that they are of, and so with no other one of customers.
    """
    partition = Stack.of(role).partition
    reported = [one for one in _uploads(pipeline) if one.inventory]
    for place in dict.fromkeys(str(one.inventory) for one in reported):
        bucket, _, prefix = place.removeprefix("s3://").partition("/")
        arn, below = f"arn:{partition}:s3:::{bucket}", keys_below(prefix)
        _allow(role, ["s3:GetObject"], [f"{arn}/{below}"])
        _allow(role, ["s3:ListBucket"], [arn], {"StringLike": {"s3:prefix": [below]}})
    keys_of_reports = list(dict.fromkeys(one.kms_key for one in reported if one.kms_key))
    if keys_of_reports:
        by_s3 = {"StringLike": {"kms:ViaService": "s3.*.amazonaws.com*"}}
        _allow(role, ["kms:Decrypt"], keys_of_reports, by_s3)


def find_processed(role: iam.Role, *, pipeline: Pipeline, ledger: dynamodb.ITable) -> None:
    """Read which of the pipeline's runs there are and whether it is paused, and write how far the job is."""
    _allow(role, _READ, [ledger.table_arn], own_items(pipeline.name))
    _allow(role, ["dynamodb:GetItem"], [ledger.table_arn], _leading(pauses.PAUSES))
    own = ["dynamodb:GetItem", "dynamodb:UpdateItem"]
    _allow(role, own, [ledger.table_arn], _leading(f"{records.PREFIX}{pipeline.name}"))


def request_runs(role: iam.Role, *, queue: sqs.IQueue) -> None:
    """Send the messages that begin runs."""
    queue.grant_send_messages(role)


def fill_groups(role: iam.Role, *, pipeline: Pipeline, ledger: dynamodb.ITable, work: s3.IBucket) -> None:
    """Fill groups of files, where a trigger of the pipeline gathers: their records, and the lists of files
    that runs begin with.

    The record of a file has a digest for its key, which tells no pipelines apart.
    """
    if not any(one.gathers for one in _uploads(pipeline)):
        return
    actions = [*_READ, "dynamodb:Query", "dynamodb:PutItem", "dynamodb:UpdateItem"]
    own = _leading(f"{groups.PARTITIONS}{pipeline.name}#*", f"{groups.FILE}*")
    _allow(role, actions, [ledger.table_arn], own)
    listed = keys.uploads(runs_of(pipeline.name))
    _allow(role, ["s3:PutObject", "s3:AbortMultipartUpload"], [work.arn_for_objects(listed)])
    _allow(role, ["s3:PutObject"], [work.arn_for_objects(keys.manifest_index(listed))])


def _uploads(pipeline: Pipeline) -> list[S3Upload]:
    return [one for one in pipeline.triggers if isinstance(one, S3Upload)]


def _leading(*patterns: str) -> Conditions:
    """Return the conditions under which a request names items of these partitions alone, and some at all."""
    return {
        "ForAllValues:StringLike": {"dynamodb:LeadingKeys": list(patterns)},
        "Null": {"dynamodb:LeadingKeys": "false"},
    }


def _allow(
    role: iam.Role, actions: list[str], resources: list[str], conditions: Conditions | None = None
) -> None:
    role.add_to_policy(iam.PolicyStatement(actions=actions, resources=resources, conditions=conditions))
