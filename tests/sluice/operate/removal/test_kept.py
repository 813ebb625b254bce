"""What outlives the stacks is told from what goes with them, and from what is others'."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from sluice.operate.removal.kept import (
    BUCKET,
    DEFINITION,
    FILE,
    IMAGE,
    TABLE,
    Kept,
    SharedAssets,
    definitions_of_earlier_deploys,
    pushed,
    retained_by,
)
from tests.sluice.clouds import refused

SHARED = SharedAssets("cdk-assets-images", "cdk-assets")
TEMPLATES = {
    "one": {
        "Inbox": {"DeletionPolicy": "Retain"},
        "Queue": {"DeletionPolicy": "Delete"},
        "Role": {},
        "Part": {},
    },
    "nested": {"Step": {"DeletionPolicy": "RetainExceptOnCreate"}},
}
RESOURCES = {
    "one": [
        ("Inbox", BUCKET, "inbox-1"),
        ("Queue", "AWS::SQS::Queue", "https://q"),
        ("Role", "AWS::IAM::Role", "r"),
        ("Part", "AWS::CloudFormation::Stack", "nested"),
    ],
    "nested": [("Step", DEFINITION, "arn:aws:batch:us-east-1:1:job-definition/sluice-a-b-1:3")],
}


class Pages:
    """A client with pages; an error is raised by the first one."""

    def __init__(self, *pages: dict[str, Any] | Exception) -> None:
        """Have these pages, whatever is asked for."""
        self.pages = pages

    def get_paginator(self, operation_name: str) -> Pages:
        """Return itself."""
        return self

    def paginate(self, **request: Any) -> Iterable[dict[str, Any]]:
        """Yield the pages."""
        for page in self.pages:
            if isinstance(page, Exception):
                raise page
            yield page

    def __getattr__(self, name: str) -> Any:
        """Have the other calls, which are not made."""
        raise AssertionError(name)


class Stacks(Pages):
    """CloudFormation with a stack and one that is nested in it."""

    def get_template(self, **request: Any) -> dict[str, Any]:
        """Return a template, as text or as botocore parses it."""
        template = {"Resources": TEMPLATES[request["StackName"]]}
        return {"TemplateBody": json.dumps(template) if request["StackName"] == "one" else template}

    def paginate(self, **request: Any) -> Iterable[dict[str, Any]]:
        """Yield the resources, and one that was never made."""
        names = ("LogicalResourceId", "ResourceType", "PhysicalResourceId")
        yield {
            "StackResourceSummaries": [
                dict(zip(names, one, strict=True)) for one in RESOURCES[request["StackName"]]
            ]
        }
        yield {"StackResourceSummaries": [{"LogicalResourceId": "Inbox", "ResourceType": TABLE}]}


def test_what_the_templates_retain_is_kept_and_nothing_else() -> None:
    """Also of nested stacks; a definition is kept with all of its revisions."""
    assert list(retained_by(Stacks(), "one")) == [Kept(BUCKET, "inbox-1"), Kept(DEFINITION, "sluice-a-b-1")]


def test_definitions_of_earlier_deploys_are_known_by_their_roles() -> None:
    """Those of another Sluice and of others are not ours, whatever their names."""
    role = "arn:aws:iam::1:role/{}-ExecutionRole-X1".format
    node = {"nodeRangeProperties": [{"container": {"executionRoleArn": role("TeamPipelines")}}]}
    batch = Pages(
        {
            "jobDefinitions": [
                {
                    "jobDefinitionName": "sluice-a",
                    "containerProperties": {"executionRoleArn": role("TeamPipelines")},
                },
                {
                    "jobDefinitionName": "sluice-b",
                    "containerProperties": {"executionRoleArn": role("SluicePipelines")},
                },
            ]
        },
        {
            "jobDefinitions": [
                {"jobDefinitionName": "sluice-nodes", "nodeProperties": node},
                {"jobDefinitionName": "theirs", "containerProperties": {}},
            ]
        },
    )
    found = definitions_of_earlier_deploys(batch, "TeamPipelines")
    assert list(found) == [Kept(DEFINITION, "sluice-a"), Kept(DEFINITION, "sluice-nodes")]


def test_what_was_pushed_is_told_from_what_other_apps_pushed() -> None:
    """By the beginning of an image's tag; a file by its folder."""
    ecr = Pages(
        {
            "imageIds": [
                {"imageTag": "TeamPipelines-1"},
                {"imageTag": "TeamPipelines2-1"},
                {"imageDigest": "sha256:0"},
            ]
        }
    )
    s3 = Pages({"Contents": [{"Key": "TeamPipelines/1.json"}]}, {})
    assert list(pushed(ecr, s3, SHARED, "TeamPipelines")) == [
        Kept(IMAGE, "TeamPipelines-1", SHARED.repository),
        Kept(FILE, "TeamPipelines/1.json", SHARED.bucket),
    ]


def test_an_account_without_a_bootstrap_has_nothing_pushed() -> None:
    """It may have been removed before."""
    ecr, s3 = Pages(refused("RepositoryNotFoundException")), Pages(refused("NoSuchBucket"))
    assert list(pushed(ecr, s3, SHARED, "TeamPipelines")) == []
