"""Names that CloudFormation makes up are cut evenly, as on AWS."""

from __future__ import annotations

import json

import pytest

from cli.aws import client_of
from local.emulator.patches.physical_names import made_up_name
from local.paths import LocalCloudPaths
from tests.e2e.application import wait_for

SUFFIX = "ABCDEFGHIJKLM"


@pytest.mark.parametrize(
    ("stack", "logical_id", "parts"),
    [
        ("S" * 24, "L" * 200, (24, 25)),
        ("S" * 25, "L" * 200, (24, 25)),
        ("S" * 100, "L" * 10, (39, 10)),
        ("S" * 10, "L" * 100, (10, 39)),
        ("S" * 10, "L" * 10, (10, 10)),
    ],
)
def test_what_one_part_does_not_need_the_other_has(
    stack: str, logical_id: str, parts: tuple[int, int]
) -> None:
    """At most 64 characters, such as of a rule, the suffix whole."""
    first, second, suffix = made_up_name(stack, logical_id, SUFFIX, 64).split("-")
    assert (len(first), len(second), suffix) == (*parts, SUFFIX)


def test_a_long_stack_name_is_cut_in_the_names_of_its_rules(cloud: LocalCloudPaths) -> None:
    """Two rules whose logical ids begin alike are two."""
    stack, ids = "tests-" + "s" * 60, [f"Rule{'x' * 60}{number}" for number in (1, 2)]
    properties = {"EventPattern": {"source": ["tests.names"]}}
    resources = {one: {"Type": "AWS::Events::Rule", "Properties": properties} for one in ids}
    cloudformation = client_of(cloud, "cloudformation")
    cloudformation.create_stack(StackName=stack, TemplateBody=json.dumps({"Resources": resources}))

    def made() -> list[str] | None:
        found = cloudformation.describe_stacks(StackName=stack)["Stacks"][0]["StackStatus"]
        if found != "CREATE_COMPLETE":
            return None
        listed = cloudformation.list_stack_resources(StackName=stack)["StackResourceSummaries"]
        return [one["PhysicalResourceId"] for one in listed]

    names = wait_for(made, "the rules")
    assert len(set(names)) == 2
    assert {len(name) for name in names} == {64}
    assert all(name.startswith(f"{stack[:24]}-Rule") for name in names)
    assert {one["Name"] for one in client_of(cloud, "events").list_rules()["Rules"]} >= set(names)
    cloudformation.delete_stack(StackName=stack)
