"""CloudFormation refuses a deploy that would change an export in use, or create what exists already."""

from __future__ import annotations

import json
from typing import Any

import pytest

from cli.aws import client_of
from local.emulator.patches.stacks import export_refusal
from local.paths import LocalCloudPaths
from tests.e2e.application import wait_for

OLD = {"S:A": {"Value": "1"}, "S:B": {"Value": "2"}}


@pytest.mark.parametrize(
    ("new", "imports", "refusal"),
    [
        (OLD, {"S:A": "Other"}, None),
        ({"S:A": {"Value": "1"}}, {"S:A": "Other"}, None),
        ({"S:B": {"Value": "2"}}, {"S:A": "Other"}, "Cannot delete export S:A as it is in use by Other."),
        (
            {"S:A": {"Value": "9"}, "S:B": {"Value": "2"}},
            {"S:A": "Other"},
            "Export S:A cannot be updated as it is in use by Other",
        ),
        ({}, {}, None),
    ],
)
def test_an_export_in_use_stays_as_it_is(
    new: dict[str, dict[str, str]], imports: dict[str, str], refusal: str | None
) -> None:
    """It is neither dropped nor changed; what nobody imports may change."""
    assert export_refusal(OLD, new, imports) == refusal


def topic(name: str, **more: Any) -> dict[str, Any]:
    """Return a template of a topic whose name is exported."""
    export = {"Value": {"Fn::GetAtt": ["Topic", "TopicName"]}, "Export": {"Name": "tests-exported"}}
    properties = {"TopicName": name}
    return {
        "Resources": {"Topic": {"Type": "AWS::SNS::Topic", "Properties": properties}},
        "Outputs": {"Exported": export},
        **more,
    }


def definition(name: str, logical_id: str = "One", **more: str) -> dict[str, Any]:
    """Return a template of a job definition."""
    container = {
        "Image": "busybox:1",
        "ResourceRequirements": [{"Type": "VCPU", "Value": "1"}, {"Type": "MEMORY", "Value": "64"}],
    }
    properties = {"Type": "container", "JobDefinitionName": name, "ContainerProperties": container}
    return {
        "Resources": {logical_id: {"Type": "AWS::Batch::JobDefinition", "Properties": properties, **more}}
    }


class Stacks:
    """Creates and updates stacks of a local cloud."""

    def __init__(self, place: LocalCloudPaths) -> None:
        self._client = client_of(place, "cloudformation")

    def put(self, name: str, template: dict[str, Any], *, update: bool = False) -> tuple[str, str]:
        """Deploy a template; return how it ended, and the reason of the failure or ""."""
        call = self._client.update_stack if update else self._client.create_stack
        call(StackName=name, TemplateBody=json.dumps(template))
        ended = wait_for(lambda: self._ended(name), f"the end of the deploy of {name}")
        events = self._client.describe_stack_events(StackName=name)["StackEvents"]
        failed = [one for one in events if one["ResourceStatus"].endswith("_FAILED")]
        return ended, str(failed[0].get("ResourceStatusReason", "")) if failed else ""

    def delete(self, name: str) -> None:
        """Delete a stack."""
        self._client.delete_stack(StackName=name)

    def _ended(self, name: str) -> str | None:
        status = str(self._client.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"])
        return None if status.endswith("IN_PROGRESS") else status


@pytest.fixture(scope="module")
def stacks(cloud: LocalCloudPaths) -> Stacks:
    """The stacks of the local cloud."""
    return Stacks(cloud)


def test_an_update_that_drops_or_changes_an_export_in_use_is_rolled_back(stacks: Stacks) -> None:
    """On update too, with AWS's words; when the importing stack is gone, the same update goes through."""
    importing = {
        "Resources": {
            "Topic": {
                "Type": "AWS::SNS::Topic",
                "Properties": {"DisplayName": {"Fn::ImportValue": "tests-exported"}},
            }
        }
    }
    assert stacks.put("tests-exporting", topic("tests-first")) == ("CREATE_COMPLETE", "")
    assert stacks.put("tests-importing", importing) == ("CREATE_COMPLETE", "")
    changed = stacks.put("tests-exporting", topic("tests-second"), update=True)
    assert changed == (
        "UPDATE_ROLLBACK_COMPLETE",
        "Export tests-exported cannot be updated as it is in use by tests-importing",
    )
    dropped = stacks.put("tests-exporting", topic("tests-first", Outputs={}), update=True)
    assert dropped == (
        "UPDATE_ROLLBACK_COMPLETE",
        "Cannot delete export tests-exported as it is in use by tests-importing.",
    )
    stacks.delete("tests-importing")
    stacks.put("tests-exporting", topic("tests-first", Outputs={}), update=True)
    assert stacks.put("tests-taking-over", topic("tests-third"))[0] == "CREATE_COMPLETE"


def test_a_name_that_is_taken_is_refused_before_anything_is_made(
    stacks: Stacks, cloud: LocalCloudPaths
) -> None:
    """A retained definition, of a stack that is gone, keeps its name; the stack that has it may keep it."""
    batch = client_of(cloud, "batch")
    retained = definition("tests-retained", DeletionPolicy="Retain")
    assert stacks.put("tests-first", retained) == ("CREATE_COMPLETE", "")
    kept = {"Resources": {**retained["Resources"], "Topic": {"Type": "AWS::SNS::Topic"}}}
    assert stacks.put("tests-first", kept, update=True) == ("UPDATE_COMPLETE", "")
    stacks.delete("tests-first")
    again = {"Resources": {**definition("tests-unborn", "Zero")["Resources"], **retained["Resources"]}}
    ended, reason = stacks.put("tests-again", again)
    assert (ended, reason.split(".")[0]) == ("ROLLBACK_COMPLETE", "Validation failed with 1 error(s)")
    assert batch.describe_job_definitions(jobDefinitionName="tests-unborn")["jobDefinitions"] == []


def test_a_definition_that_a_failed_deploy_made_goes_unless_it_is_retained_from_the_start(
    stacks: Stacks, cloud: LocalCloudPaths
) -> None:
    """Plain Retain keeps what a rolled-back deploy made, RetainExceptOnCreate does not."""
    batch = client_of(cloud, "batch")
    broken = {
        "Type": "AWS::Batch::JobQueue",
        "DependsOn": "One",
        "Properties": {"JobQueueName": "not a name!"},
    }
    left = {}
    for policy in ("Retain", "RetainExceptOnCreate"):
        name = f"tests-{policy}"
        made = definition(name, DeletionPolicy=policy)["Resources"]
        assert stacks.put(name, {"Resources": {**made, "Broken": broken}})[0] == "ROLLBACK_COMPLETE"
        found = batch.describe_job_definitions(jobDefinitionName=name, status="ACTIVE")
        left[policy] = len(found["jobDefinitions"])
    assert left == {"Retain": 1, "RetainExceptOnCreate": 0}
