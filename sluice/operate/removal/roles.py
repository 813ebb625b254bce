"""The roles of steps with permissions of their own, which outlive their stacks for the runs under way."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any, Protocol

from sluice.operate.clients import Answer, Paginator
from sluice.operate.removal.clients import Definitions

ROLE, POLICY = "AWS::IAM::Role", "AWS::IAM::Policy"


class Roles(Protocol):
    """A client of IAM."""

    def delete_role_policy(self, **request: Any) -> Answer:
        """Delete an inline policy."""
        ...

    def detach_role_policy(self, **request: Any) -> Answer:
        """Detach a managed policy."""
        ...

    def delete_role(self, **request: Any) -> Answer:
        """Delete a role that has no policies."""
        ...

    def get_paginator(self, operation_name: str) -> Paginator:
        """Return what reads all pages of a listing."""
        ...


def remove_role(iam: Roles, name: str) -> None:
    """Delete a role with its policies; of managed ones only the attachment."""
    for page in iam.get_paginator("list_role_policies").paginate(RoleName=name):
        for policy in page["PolicyNames"]:
            iam.delete_role_policy(RoleName=name, PolicyName=policy)
    for page in iam.get_paginator("list_attached_role_policies").paginate(RoleName=name):
        for one in page["AttachedPolicies"]:
            iam.detach_role_policy(RoleName=name, PolicyArn=one["PolicyArn"])
    iam.delete_role(RoleName=name)


def roles_of_earlier_deploys(
    batch: Definitions, pipelines_stack: str, of_stacks: Collection[str]
) -> Iterator[str]:
    """Yield the roles of active definitions that a stack made, without those that it deletes itself."""
    pages = batch.get_paginator("describe_job_definitions").paginate(status="ACTIVE")
    for definition in (one for page in pages for one in page["jobDefinitions"]):
        for name in _job_roles(definition):
            if name.startswith(f"{pipelines_stack}-") and name not in of_stacks:
                yield name


def _job_roles(definition: Mapping[str, Any]) -> Iterator[str]:
    nodes = definition.get("nodeProperties", {}).get("nodeRangeProperties", [])
    for properties in (definition.get("containerProperties"), *(one.get("container") for one in nodes)):
        yield str((properties or {}).get("jobRoleArn", "")).rpartition("/")[2]
