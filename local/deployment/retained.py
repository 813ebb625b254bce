"""The job definitions that earlier deploys left, whose names a new deploy must not use again."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol

from botocore.exceptions import ClientError

VARIABLE = "SLUICE_RETAINED_DEFINITIONS"
PREFIXES = ("sluice-", "s_")
"""What the names of definitions of any Sluice begin with: stacks/blocks/jobs/definition_names.py."""
_DEFINITION, _NESTED = "AWS::Batch::JobDefinition", "AWS::CloudFormation::Stack"
_LET_GO = frozenset({"DELETE_COMPLETE", "DELETE_SKIPPED"})


class Pages(Protocol):
    """What reads all pages of an operation."""

    def paginate(self, **parameters: str) -> Iterable[Mapping[str, Any]]:
        """Read them."""
        ...


class Client(Protocol):
    """A client of AWS Batch or of CloudFormation."""

    def get_paginator(self, operation_name: str) -> Pages:
        """Return what reads all pages of an operation."""
        ...


def retained_definitions(batch: Client, cloudformation: Client, stack_name: str) -> list[str]:
    """Return the names of Sluice's job definitions, those that were deregistered too, that the stack does not
    have: it cannot create them again.
    """
    pages = batch.get_paginator("describe_job_definitions").paginate()
    existing = {one["jobDefinitionName"] for page in pages for one in page["jobDefinitions"]}
    ours = {name for name in existing if name.startswith(PREFIXES)}
    return sorted(ours - _owned(cloudformation, stack_name)) if ours else []


def as_settings(names: list[str], directory: Path) -> dict[str, str]:
    """Return the settings by which a synthesis knows these names; they stand in a file of ``directory``."""
    if not names:
        return {}
    text = "\n".join(names)
    path = directory / f"retained-{hashlib.sha256(text.encode()).hexdigest()[:16]}.txt"
    path.write_text(text)
    return {VARIABLE: str(path)}


def _owned(cloudformation: Client, stack_name: str) -> set[str]:
    try:
        return set(_definitions_of(cloudformation, stack_name))
    except ClientError as error:
        # There is no such stack yet, or no more.
        if error.response["Error"]["Code"] == "ValidationError":
            return set()
        raise


def _definitions_of(cloudformation: Client, stack_name: str) -> Iterator[str]:
    """Yield the names of the definitions in a stack and in those that are nested in it."""
    pages = cloudformation.get_paginator("list_stack_resources").paginate(StackName=stack_name)
    for resource in (one for page in pages for one in page["StackResourceSummaries"]):
        if resource["ResourceStatus"] in _LET_GO:
            continue
        physical_id = resource.get("PhysicalResourceId", "")
        if resource["ResourceType"] == _DEFINITION:
            yield physical_id.rpartition("/")[2].partition(":")[0]
        elif resource["ResourceType"] == _NESTED:
            yield from _definitions_of(cloudformation, physical_id)
