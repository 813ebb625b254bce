"""What the jobs of a pipeline may do where it publishes: the results bucket, or a bucket of its team."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from aws_cdk import Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from constructs import Construct

from sluice import keys
from sluice.pipeline.definition import Pipeline
from sluice.receipts.location import RUN, bucket_and_prefix, filled, fixed_prefix, placeholders
from stacks.blocks.jobs import job_roles


@dataclass(frozen=True, slots=True)
class ResultsPlace:
    """The bucket's ARN, the pattern of a run's own folder in it, and the prefix that files may have."""

    bucket: str
    folder: str
    writable: str


def place_of(pipeline: Pipeline, results: s3.IBucket, partition: str) -> ResultsPlace:
    """Return where a pipeline's runs publish.

    The folder is the address with a pattern for each placeholder: that of the ids of the runs, so that the
    jobs reach no other pipeline's, and of any text for a part of the partition key. An address without
    placeholders has a folder for each run.
    """
    runs = job_roles.runs_of(pipeline.name)
    found = bucket_and_prefix(pipeline.results or "")
    if found is None:
        folder = keys.result(pipeline.name, runs, "")
        everywhere = pipeline.publishes == "anywhere"
        return ResultsPlace(results.bucket_arn, folder, f"{pipeline.name}/" if everywhere else folder)
    bucket, prefix = found
    arn = f"arn:{partition}:s3:::{bucket}"
    names = placeholders(prefix)
    patterns = {name: runs if name == RUN else "*" for name in names}
    folder = filled(prefix, patterns) if names else f"{prefix}{runs}/"
    writable = fixed_prefix(pipeline.results or "") if pipeline.publishes == "anywhere" else folder
    return ResultsPlace(arn, folder, writable)


def grant_publishing(role: job_roles.Role, pipeline: Pipeline, results: s3.IBucket) -> None:
    """Allow a role of steps to publish."""
    place = place_of(pipeline, results, Stack.of(role).partition)
    job_roles.publish_results(role, folder=f"{place.bucket}/{place.writable}")


def grant_results_of(role: job_roles.Role, upstream: Sequence[Pipeline], results: s3.IBucket) -> None:
    """Allow a role to read what the runs of these pipelines published, and nothing else of them."""
    for pipeline in upstream:
        place = place_of(pipeline, results, Stack.of(role).partition)
        job_roles.read_results(role, folder=f"{place.bucket}/{place.folder}")


def grant_receipts(role: job_roles.Role, pipeline: Pipeline, results: s3.IBucket) -> None:
    """Allow the role of the cleanup to write receipts, and to read what they name."""
    place = place_of(pipeline, results, Stack.of(role).partition)
    job_roles.write_receipts(role, bucket=place.bucket, prefix=place.folder)


def grant_failed_items(
    scope: Construct,
    construct_id: str,
    *,
    pipelines: Sequence[Pipeline],
    results: s3.IBucket,
    role: iam.IRole,
) -> None:
    """Allow the role of the track Lambda to publish the failed items of runs in the buckets of teams.

    A policy of the pipelines' own stack: no change of a pipeline changes the stack of the Lambdas.
    """
    places = [place_of(one, results, Stack.of(scope).partition) for one in pipelines if one.results]
    if not places:
        return
    files = sorted({f"{one.bucket}/{one.folder}*{keys.FAILED_ITEMS}" for one in places})
    statement = iam.PolicyStatement(actions=["s3:PutObject"], resources=files)
    iam.CfnManagedPolicy(
        scope,
        construct_id,
        description="Sluice: failed items of runs that publish in buckets of teams",
        policy_document=iam.PolicyDocument(statements=[statement]),
        roles=[role.role_name],
    )
