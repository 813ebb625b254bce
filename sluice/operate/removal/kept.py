"""What outlives the stacks of a Sluice: what their templates retain, definitions of earlier deploys, and what
was pushed into the repository and the bucket that all CDK apps of an account share.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from sluice.operate.removal.clients import Buckets, Definitions, Images, Stacks
from sluice.operate.removal.roles import POLICY, ROLE, roles_of_earlier_deploys
from sluice.operate.removal.stacks import Stack

BUCKET, TABLE = "AWS::S3::Bucket", "AWS::DynamoDB::Table"
DEFINITION, LIMIT = "AWS::Batch::JobDefinition", "AWS::Batch::ConsumableResource"
IMAGE, FILE = "image", "file"
_NESTED = "AWS::CloudFormation::Stack"
# https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-attribute-deletionpolicy.html
_RETAINED = ("Retain", "RetainExceptOnCreate")
_MISSING = ("RepositoryNotFoundException", "NoSuchBucket")


@dataclass(frozen=True, slots=True, order=True)
class Kept:
    """One thing that outlives the stacks: its kind, its name, and for images and files where it is."""

    kind: str
    name: str
    within: str = ""


@dataclass(frozen=True, slots=True)
class SharedAssets:
    """The repository and the bucket of the CDK's bootstrap, which other apps use too."""

    repository: str
    bucket: str


def retained_by(cloudformation: Stacks, stack_id: str) -> Iterator[Kept]:
    """Yield the resources that a stack's template retains, and those of stacks that are nested in it.

    A deleted stack answers as well, by its id:
    https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_GetTemplate.html
    """
    retained = _retained_names(cloudformation.get_template(StackName=stack_id)["TemplateBody"])
    pages = cloudformation.get_paginator("list_stack_resources").paginate(StackName=stack_id)
    for one in (one for page in pages for one in page["StackResourceSummaries"]):
        physical_id = one.get("PhysicalResourceId") or ""
        if one["ResourceType"] == _NESTED and physical_id:
            yield from retained_by(cloudformation, physical_id)
        elif one["LogicalResourceId"] in retained and physical_id:
            yield Kept(one["ResourceType"], _name(one["ResourceType"], physical_id))


def _retained_names(body: Any) -> set[str]:
    template: Mapping[str, Any] = json.loads(body) if isinstance(body, str) else body
    resources = template["Resources"].items()
    return {name for name, one in resources if one.get("DeletionPolicy") in _RETAINED}


def _name(kind: str, physical_id: str) -> str:
    """Return the name without the revision, because every revision of a definition of ours is ours."""
    return physical_id.rpartition("/")[2].partition(":")[0] if kind == DEFINITION else physical_id


def definitions_of_earlier_deploys(batch: Definitions, pipelines_stack: str) -> Iterator[Kept]:
    """Yield the active job definitions whose roles a stack made, by the names that CloudFormation gives
    roles.
    """
    pages = batch.get_paginator("describe_job_definitions").paginate(status="ACTIVE")
    for one in (one for page in pages for one in page["jobDefinitions"]):
        if any(role.startswith(f"{pipelines_stack}-") for role in _roles(one)):
            yield Kept(DEFINITION, one["jobDefinitionName"])


def _roles(definition: Mapping[str, Any]) -> Iterator[str]:
    nodes = definition.get("nodeProperties", {}).get("nodeRangeProperties", [])
    for properties in (definition.get("containerProperties"), *(one.get("container") for one in nodes)):
        arn = str((properties or {}).get("executionRoleArn", ""))
        yield arn.rpartition("/")[2]


def pushed(ecr: Images, s3: Buckets, shared: SharedAssets, pipelines_stack: str) -> Iterator[Kept]:
    """Yield the images and files that Sluice's deploys have pushed, which its stack's name begins.

    Those of Sluices before this naming cannot be told from other apps', and are left.
    """
    for page in _pages(ecr, "list_images", repositoryName=shared.repository):
        for one in page["imageIds"]:
            if str(one.get("imageTag", "")).startswith(f"{pipelines_stack}-"):
                yield Kept(IMAGE, one["imageTag"], shared.repository)
    for page in _pages(s3, "list_objects_v2", Bucket=shared.bucket, Prefix=f"{pipelines_stack}/"):
        for one in page.get("Contents", []):
            yield Kept(FILE, one["Key"], shared.bucket)


def _pages(client: Images | Buckets, operation: str, **request: str) -> Iterator[Mapping[str, Any]]:
    """Yield the pages of a listing, none where the account is not bootstrapped (any more)."""
    try:
        yield from client.get_paginator(operation).paginate(**request)
    except ClientError as error:
        if error.response["Error"]["Code"] not in _MISSING:
            raise


def find_kept(cloudformation: Stacks, batch: Definitions, stacks: Sequence[Stack]) -> list[Kept]:
    """Return what outlives these stacks, without what was pushed for them; each thing once. An inline policy
    goes with its role.
    """
    found = {one for stack in stacks for one in retained_by(cloudformation, stack.stack_id)}
    for name in {stack.name for stack in stacks if stack.name.endswith("Pipelines")}:
        found |= {*definitions_of_earlier_deploys(batch, name)}
        deleted = _deleted_roles(cloudformation, stacks)
        found |= {Kept(ROLE, role) for role in roles_of_earlier_deploys(batch, name, deleted)}
    return sorted(filter(_is_removed_by_itself, found))


def _is_removed_by_itself(kept: Kept) -> bool:
    return kept.kind != POLICY


def _deleted_roles(cloudformation: Stacks, stacks: Sequence[Stack]) -> set[str]:
    return {role for stack in stacks for role in _deleted_with(cloudformation, stack.stack_id)}


def _deleted_with(cloudformation: Stacks, stack_id: str) -> Iterator[str]:
    """Yield the roles that CloudFormation deletes with a stack."""
    retained = _retained_names(cloudformation.get_template(StackName=stack_id)["TemplateBody"])
    pages = cloudformation.get_paginator("list_stack_resources").paginate(StackName=stack_id)
    for one in (one for page in pages for one in page["StackResourceSummaries"]):
        physical_id = one.get("PhysicalResourceId") or ""
        if one["ResourceType"] == _NESTED and physical_id:
            yield from _deleted_with(cloudformation, physical_id)
        elif one["ResourceType"] == ROLE and one["LogicalResourceId"] not in retained:
            yield physical_id
