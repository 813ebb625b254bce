"""Which job definitions exist and are not the stack's."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from local.deployment.retained import VARIABLE, as_settings, retained_definitions

ARN = "arn:aws:batch:eu-central-1:111122223333:job-definition/{}:1"
NESTED = "arn:aws:cloudformation:eu-central-1:111122223333:stack/Nested/1"


class Account:
    """A client of AWS Batch and of CloudFormation, with these definitions and stacks."""

    def __init__(self, definitions: list[str], stacks: Mapping[str, list[dict[str, str]]]) -> None:
        self._definitions, self._stacks = definitions, stacks
        self._operation = ""

    def get_paginator(self, operation_name: str) -> Account:
        """Return what reads the pages of an operation."""
        self._operation = operation_name
        return self

    def paginate(self, **parameters: str) -> Iterable[Mapping[str, Any]]:
        """Return the pages."""
        if self._operation == "describe_job_definitions":
            return [{"jobDefinitions": [{"jobDefinitionName": one}]} for one in self._definitions]
        if parameters["StackName"] not in self._stacks:
            raise ClientError({"Error": {"Code": "ValidationError"}}, "ListStackResources")
        return [{"StackResourceSummaries": [one]} for one in self._stacks[parameters["StackName"]]]


def resource(kind: str, physical_id: str, status: str = "CREATE_COMPLETE") -> dict[str, str]:
    """Return a resource of a stack."""
    return {"ResourceType": kind, "PhysicalResourceId": physical_id, "ResourceStatus": status}


def test_what_the_stack_and_its_nested_stacks_have_is_not_retained() -> None:
    """What the stack let go is, and what is not Sluice's is nobody's matter."""
    definition = "AWS::Batch::JobDefinition"
    account = Account(
        ["sluice-a", "sluice-b", "sluice-c", "sluice-d", "other"],
        {
            "SluicePipelines": [
                resource(definition, ARN.format("sluice-a")),
                resource(definition, ARN.format("sluice-c"), "DELETE_SKIPPED"),
                resource("AWS::CloudFormation::Stack", NESTED),
            ],
            NESTED: [resource(definition, ARN.format("sluice-b"))],
        },
    )
    assert retained_definitions(account, account, "SluicePipelines") == ["sluice-c", "sluice-d"]
    assert len(retained_definitions(account, account, "Deleted")) == 4


def test_the_names_stand_in_a_file_that_is_named_by_its_content(tmp_path: Path) -> None:
    """So that a synthesis is done again when they change, and only then; without any there is no setting."""
    assert as_settings([], tmp_path) == {}
    first, second = as_settings(["a", "b"], tmp_path), as_settings(["a"], tmp_path)
    assert first != second
    assert Path(first[VARIABLE]).read_text().split() == ["a", "b"]
    assert as_settings(["a", "b"], tmp_path) == first
