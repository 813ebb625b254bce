"""`AWS::Batch::*` as a provisioner calls it."""

from __future__ import annotations

from typing import Any

import pytest

from local.batch.api.batch_api import BatchApi, BatchApiError
from local.batch.cloudformation import HANDLERS
from tests.local.batch.conftest import Desk

_REQUIREMENTS = [{"Type": "VCPU", "Value": "1"}, {"Type": "MEMORY", "Value": "128"}]
_ENVIRONMENT: dict[str, Any] = {
    "Type": "managed",
    "State": "enabled",
    "ReplaceComputeEnvironment": False,
    "ComputeResources": {
        "Type": "SPOT",
        "AllocationStrategy": "SPOT_PRICE_CAPACITY_OPTIMIZED",
        "MaxvCpus": "16",
        "MinvCpus": 0,
        "InstanceTypes": ["optimal"],
        "InstanceRole": "role",
        "Subnets": ["subnet-1"],
        "SecurityGroupIds": ["sg-1"],
        "UpdateToLatestImageVersion": True,
        "LaunchTemplate": {"LaunchTemplateId": "lt-1", "Version": "$Latest"},
    },
    "Tags": {"a": "b"},
}


def create(api: BatchApi, kind: str, properties: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """Create a resource as CloudFormation does."""
    result: tuple[str, dict[str, Any]] = HANDLERS(api)[f"AWS::Batch::{kind}"]["create"](
        "Logical", properties, "Stack"
    )
    return result


def test_an_environment_and_a_queue(desk: Desk) -> None:
    """Ref and Fn::GetAtt are ARNs; an update keeps the ARN; a delete disables first, and twice is fine."""
    api, handlers = desk.engine.api, HANDLERS(desk.engine.api)
    arn, attributes = create(api, "ComputeEnvironment", _ENVIRONMENT)
    assert attributes == {"ComputeEnvironmentArn": arn}
    order = [{"Order": 1, "ComputeEnvironment": arn}]
    queue, attributes = create(api, "JobQueue", {"Priority": 1, "ComputeEnvironmentOrder": order})
    assert attributes == {"JobQueueArn": queue}
    changed = {**_ENVIRONMENT, "ComputeResources": {"MaxvCpus": 32}, "Tags": {"c": "d"}}
    updated = handlers["AWS::Batch::ComputeEnvironment"]["update"](arn, _ENVIRONMENT, changed, "Stack")
    assert updated[0] == arn
    found = desk.batch.describe_compute_environments(computeEnvironments=[arn])["computeEnvironments"][0]
    assert (found["computeResources"]["maxvCpus"], found["computeResources"]["type"]) == (32, "SPOT")
    assert found["tags"] == {"c": "d"}
    for kind, physical in (("JobQueue", queue), ("ComputeEnvironment", arn)):
        for _ in range(2):
            handlers[f"AWS::Batch::{kind}"]["delete"](physical, {})
    assert desk.batch.describe_job_queues(jobQueues=[queue])["jobQueues"] == []


def test_a_replaced_environment_has_a_new_arn(desk: Desk) -> None:
    """A change of a property that needs a replacement makes a new resource; the provisioner removes the old
    one, when nothing uses it any more.
    """
    arn, _ = create(desk.engine.api, "ComputeEnvironment", _ENVIRONMENT)
    named = {**_ENVIRONMENT, "ComputeEnvironmentName": "other"}
    handler = HANDLERS(desk.engine.api)["AWS::Batch::ComputeEnvironment"]
    replaced, _ = handler["update"](arn, _ENVIRONMENT, named, "Stack")
    assert replaced.endswith("/other")
    assert desk.batch.describe_compute_environments(computeEnvironments=[arn])["computeEnvironments"] != []
    handler["delete"](arn, _ENVIRONMENT)
    assert desk.batch.describe_compute_environments(computeEnvironments=[arn])["computeEnvironments"] == []


@pytest.mark.parametrize(
    ("replace", "changes", "replaced"),
    [
        ({}, {"InstanceTypes": ["m6i"]}, True),
        ({"ReplaceComputeEnvironment": True}, {"SecurityGroupIds": ["sg-2"]}, True),
        ({"ReplaceComputeEnvironment": "false"}, {"InstanceTypes": ["m6i"]}, False),
        ({}, {"MaxvCpus": 8, "UpdateToLatestImageVersion": False}, False),
    ],
)
def test_instances_are_replaced_with_their_environment_by_default(
    desk: Desk, replace: dict[str, Any], changes: dict[str, Any], replaced: bool
) -> None:
    """ReplaceComputeEnvironment is true unless a template says otherwise:
    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-batch-computeenvironment.html.
    """
    old = {name: value for name, value in _ENVIRONMENT.items() if name != "ReplaceComputeEnvironment"}
    old |= replace
    arn, _ = create(desk.engine.api, "ComputeEnvironment", old)
    new = {**old, "ComputeResources": {**old["ComputeResources"], **changes}}
    handler = HANDLERS(desk.engine.api)["AWS::Batch::ComputeEnvironment"]
    after, _ = handler["update"](arn, old, new, "Stack")
    assert (after != arn) is replaced
    found = desk.batch.describe_compute_environments(computeEnvironments=[arn])["computeEnvironments"]
    assert [each["computeEnvironmentArn"] for each in found] == [arn]


@pytest.mark.parametrize(("keep", "status"), [(True, "ACTIVE"), (False, "INACTIVE")])
def test_an_updated_definition_is_a_new_revision(desk: Desk, keep: bool, status: str) -> None:
    """The old revision is deregistered, unless SkipDeregisterOnUpdate keeps it."""
    container = {"Image": "i", "Command": ["true"], "ResourceRequirements": _REQUIREMENTS}
    properties: dict[str, Any] = {
        "Type": "Container",
        "ContainerProperties": container,
        "RetryStrategy": {"Attempts": "3", "EvaluateOnExit": [{"Action": "EXIT", "OnReason": "*"}]},
        "Timeout": {"AttemptDurationSeconds": 60},
        "ResourceRetentionPolicy": {"SkipDeregisterOnUpdate": keep},
    }
    old, _ = create(desk.engine.api, "JobDefinition", properties)
    changed = {**properties, "ContainerProperties": {**container, "Privileged": "true"}}
    new, _ = HANDLERS(desk.engine.api)["AWS::Batch::JobDefinition"]["update"](
        old, properties, changed, "Stack"
    )
    assert (old.rpartition(":")[2], new.rpartition(":")[2]) == ("1", "2")
    first, second = desk.batch.describe_job_definitions(jobDefinitions=[old, new])["jobDefinitions"]
    assert (first["status"], second["status"]) == (status, "ACTIVE")
    assert second["containerProperties"]["privileged"] is True
    assert second["retryStrategy"] == {"attempts": 3, "evaluateOnExit": [{"action": "EXIT", "onReason": "*"}]}


def test_policies_and_consumable_resources(desk: Desk) -> None:
    """Scheduling policies and consumable resources are created, changed and deleted."""
    api, handlers = desk.engine.api, HANDLERS(desk.engine.api)
    fair = {"FairsharePolicy": {"ShareDecaySeconds": 1, "ShareDistribution": [{"ShareIdentifier": "a"}]}}
    policy, attributes = create(api, "SchedulingPolicy", fair)
    assert attributes == {"Arn": policy}
    changed = {"FairsharePolicy": {"ShareDecaySeconds": 2}}
    handlers["AWS::Batch::SchedulingPolicy"]["update"](policy, fair, changed, "Stack")
    found = desk.batch.describe_scheduling_policies(arns=[policy])["schedulingPolicies"][0]
    assert found["fairsharePolicy"]["shareDecaySeconds"] == 2
    seats = {"TotalQuantity": 2, "ResourceType": "REPLENISHABLE"}
    resource, attributes = create(api, "ConsumableResource", seats)
    assert (attributes["ConsumableResourceArn"], attributes["AvailableQuantity"]) == (resource, 2)
    more = {**seats, "TotalQuantity": 5}
    handlers["AWS::Batch::ConsumableResource"]["update"](resource, seats, more, "Stack")
    assert desk.batch.describe_consumable_resource(consumableResource=resource)["totalQuantity"] == 5
    for kind, physical in (("SchedulingPolicy", policy), ("ConsumableResource", resource)):
        for _ in range(2):
            handlers[f"AWS::Batch::{kind}"]["delete"](physical, {})


def test_a_wrong_property_fails_the_deploy(desk: Desk) -> None:
    """A property of a wrong value is refused by the API's own rules."""
    bad = {**_ENVIRONMENT, "ComputeResources": {**_ENVIRONMENT["ComputeResources"], "MaxvCpus": 0}}
    with pytest.raises(BatchApiError, match="maxvCpus"):
        create(desk.engine.api, "ComputeEnvironment", bad)
