"""What AWS's documents say of compute environments, one test a rule.

API_X stands for https://docs.aws.amazon.com/batch/latest/APIReference/API_X.html.
"""

from __future__ import annotations

from typing import Any

import pytest

from local.batch.api.batch_api import BatchApi
from local.batch.api.operations.environments import invalidate
from tests.local.batch.api.requests import EC2, FARGATE, PREFIX
from tests.local.batch.api.test_documented_rules import api, environment, refusal  # noqa: F401 - a fixture

ROLE = "arn:aws:iam::000000000000:role/batch"
LINKED = "arn:aws:iam::000000000000:role/aws-service-role/batch.amazonaws.com/AWSServiceRoleForBatch"
PROGRESSIVE = {"allocationStrategy": "BEST_FIT_PROGRESSIVE"}


def changed(api: BatchApi, name: str, **resources: Any) -> dict[str, Any]:  # noqa: F811
    """Change an environment's resources; how they are described."""
    api.call("UpdateComputeEnvironment", {"computeEnvironment": name, "computeResources": resources})
    asked = {"computeEnvironments": [name]}
    found: dict[str, Any] = api.call("DescribeComputeEnvironments", asked)["computeEnvironments"][0]
    return dict(found["computeResources"])


def change_refused(api: BatchApi, name: str, **resources: Any) -> str:  # noqa: F811
    """The message of the ClientException that a change meets."""
    request = {"computeEnvironment": name, "computeResources": resources}
    return refusal(api, "UpdateComputeEnvironment", request)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("allocationStrategy", "BEST_FIT_PROGRESSIVE"),
        ("bidPercentage", 50),
        ("desiredvCpus", 1),
        ("ec2Configuration", [{"imageType": "ECS_AL2023"}]),
        ("ec2KeyPair", "key"),
        ("imageId", "ami-1"),
        ("instanceRole", "role"),
        ("instanceTypes", ["m5"]),
        ("launchTemplate", {"launchTemplateId": "lt-1"}),
        ("minvCpus", 0),
        ("placementGroup", "group"),
        ("scalingPolicy", {"minScaleDownDelayMinutes": 20}),
        ("spotIamFleetRole", "role"),
        ("tags", {"team": "a"}),
    ],
)
def test_fargate_environments_have_nothing_of_machines(
    api: BatchApi,  # noqa: F811
    field: str,
    value: Any,
) -> None:
    """https://docs.aws.amazon.com/batch/latest/userguide/fargate-compute-environments.html, and a change as
    little.
    """
    request = {
        "computeEnvironmentName": "f",
        "type": "MANAGED",
        "computeResources": {**FARGATE, field: value},
    }
    assert f"{field} is not applicable" in refusal(api, "CreateComputeEnvironment", request)
    if field != "spotIamFleetRole":
        assert f"{field} is not applicable" in change_refused(api, "tasks", **{field: value})


@pytest.mark.parametrize(("field", "most"), [("subnets", 16), ("securityGroupIds", 5)])
def test_fargate_environments_have_few_addresses(api: BatchApi, field: str, most: int) -> None:  # noqa: F811
    """API_ComputeResource: 16 subnets; API_ComputeResourceUpdate: 5 security groups."""
    for count in (most, most + 1):
        resources = {**FARGATE, field: [f"id-{number}" for number in range(count)]}
        request = {"computeEnvironmentName": "f", "type": "MANAGED", "computeResources": resources}
        if count == most:
            api.call("CreateComputeEnvironment", request)
        else:
            request["computeEnvironmentName"] = "g"
            assert f"at most {most}" in refusal(api, "CreateComputeEnvironment", request)


def test_an_empty_list_changes_nothing_on_fargate(api: BatchApi) -> None:  # noqa: F811
    """API_ComputeResourceUpdate: it is handled as if the parameter wasn't specified."""
    found = changed(api, "tasks", subnets=[], securityGroupIds=[], maxvCpus=8)
    assert (found["subnets"], found["securityGroupIds"]) == (["subnet-1"], ["sg-1"])
    assert "minvCpus" not in found


def test_machines_have_security_groups(api: BatchApi) -> None:  # noqa: F811
    """API_ComputeResource: in securityGroupIds, or in a launch template."""
    none: dict[str, Any] = {"securityGroupIds": []}
    assert "securityGroupIds" in refusal(api, "CreateComputeEnvironment", environment("n", **none))
    template = {"launchTemplate": {"launchTemplateName": "t"}}
    api.call("CreateComputeEnvironment", environment("n", **none, **template))


@pytest.mark.parametrize(
    "template", [{}, {"version": "1"}, {"launchTemplateId": "lt-1", "launchTemplateName": "t"}]
)
def test_a_launch_template_is_named_once(api: BatchApi, template: dict[str, str]) -> None:  # noqa: F811
    """API_LaunchTemplateSpecification: by its id or by its name, and not by both."""
    request = environment("n", launchTemplate=template)
    assert "launchTemplate must have" in refusal(api, "CreateComputeEnvironment", request)


def overridden(*overrides: dict[str, Any], types: tuple[str, ...] = ("m5.large", "c5")) -> dict[str, Any]:
    """A request for an environment whose launch template has overrides."""
    template = {"launchTemplateName": "t", "overrides": list(overrides)}
    return environment("n", launchTemplate=template, instanceTypes=list(types))


def replaced_for(*types: str, **more: str) -> dict[str, Any]:
    """An override of a launch template for instance types."""
    return {"launchTemplateName": "o", "targetInstanceTypes": list(types), **more}


@pytest.mark.parametrize(
    ("overrides", "says"),
    [
        ([replaced_for("c5")] * 11, "at most 10"),
        ([replaced_for()], "targetInstanceTypes must be specified"),
        ([replaced_for("c5", launchTemplateId="lt-1")], "not both"),
        ([replaced_for("optimal")], "has optimal"),
        ([replaced_for("c5.nolarge")], "c5.nolarge"),
        ([replaced_for("r5.large")], "which r5.large is not"),
        ([replaced_for("m5")], "which m5 is not"),
        ([replaced_for("c5"), replaced_for("c5.large")], "has c5 and c5.large"),
        ([replaced_for("c5.large", "c5.large")], "must not overlap"),
    ],
)
def test_overrides_of_a_launch_template_are_for_types_of_the_environment(
    api: BatchApi,  # noqa: F811
    overrides: list[dict[str, Any]],
    says: str,
) -> None:
    """API_LaunchTemplateSpecificationOverride: up to ten, which do not overlap."""
    assert says in refusal(api, "CreateComputeEnvironment", overridden(*overrides))
    change = overridden(*overrides)["computeResources"]["launchTemplate"]
    api.call("CreateComputeEnvironment", environment("other", **PROGRESSIVE))
    message = change_refused(api, "other", launchTemplate=change, instanceTypes=["m5.large", "c5"])
    assert says in message


def test_an_override_of_a_launch_template_is_for_a_member_of_a_family(api: BatchApi) -> None:  # noqa: F811
    """API_LaunchTemplateSpecificationOverride: of what instanceTypes includes, at least a subset."""
    request = overridden(replaced_for("c5.large", "m5.large"), replaced_for("c5.xlarge"))
    api.call("CreateComputeEnvironment", request)
    bundle = overridden(replaced_for("m6i"), types=("default_x86_64",))
    api.call("CreateComputeEnvironment", {**bundle, "computeEnvironmentName": "bundle"})


@pytest.mark.parametrize(
    ("strategy", "only"),
    [
        ("BEST_FIT_PROGRESSIVE_ORDERED", "EC2"),
        ("SPOT_CAPACITY_OPTIMIZED", "SPOT"),
        ("SPOT_CAPACITY_OPTIMIZED_PRIORITIZED", "SPOT"),
        ("SPOT_PRICE_CAPACITY_OPTIMIZED", "SPOT"),
    ],
)
def test_some_strategies_are_of_one_type(api: BatchApi, strategy: str, only: str) -> None:  # noqa: F811
    """API_ComputeResource: "only available for" spot instances, or on demand; a change as well."""
    for kind in ("EC2", "SPOT"):
        request = environment(kind, type=kind, allocationStrategy=strategy)
        if kind == only:
            api.call("CreateComputeEnvironment", request)
        else:
            assert f"not applicable to type {kind}" in refusal(api, "CreateComputeEnvironment", request)
    other = {"EC2": "SPOT", "SPOT": "EC2"}[only]
    assert f"not applicable to type {other}" in change_refused(api, only, type=other)
    assert changed(api, only, type=other, **PROGRESSIVE)["type"] == other


@pytest.mark.parametrize(
    ("resources", "says"),
    [
        ({"ec2Configuration": [{"imageType": "ECS_AL2023"}] * 3}, "at most 2"),
        ({"capacityTags": {"a": "b"}}, "ECS_MANAGED_INSTANCES"),
    ],
)
def test_machines_have_what_they_may_have(api: BatchApi, resources: dict[str, Any], says: str) -> None:  # noqa: F811
    """API_ComputeResource: one or two values of ec2Configuration, nothing of ECS Managed Instances."""
    assert says in refusal(api, "CreateComputeEnvironment", environment("n", **resources))


def test_the_type_of_a_queue_is_that_of_its_environments(api: BatchApi) -> None:  # noqa: F811
    """API_JobQueueDetail: ECS or ECS_FARGATE depending on the compute environment."""
    found = api.call("DescribeJobQueues", {"jobQueues": ["q", "tq"]})["jobQueues"]
    assert [each["jobQueueType"] for each in found] == ["ECS", "ECS_FARGATE"]
    order = [{"order": 1, "computeEnvironment": "tasks"}]
    request = {"jobQueueName": "n", "priority": 1, "computeEnvironmentOrder": order}
    wrong = {**request, "jobQueueType": "ECS"}
    assert "jobQueueType must be ECS_FARGATE" in refusal(api, "CreateJobQueue", wrong)
    api.call("CreateJobQueue", {**request, "jobQueueType": "ECS_FARGATE"})


def test_unmanaged_capacity_is_of_unmanaged_environments(api: BatchApi) -> None:  # noqa: F811
    """API_CreateComputeEnvironment: unmanagedvCpus is supported for UNMANAGED only."""
    request = {**environment("n"), "unmanagedvCpus": 4}
    assert "unmanagedvCpus" in refusal(api, "CreateComputeEnvironment", request)
    change = {"computeEnvironment": "ce", "unmanagedvCpus": 4}
    assert "unmanagedvCpus" in refusal(api, "UpdateComputeEnvironment", change)


def test_desired_capacity_is_between_the_bounds_and_does_not_shrink(api: BatchApi) -> None:  # noqa: F811
    """API_ComputeResourceUpdate: between minvCpus and maxvCpus, and never fewer than there are."""
    for desired in (-1, 65):
        request = environment("n", desiredvCpus=desired)
        assert "desiredvCpus" in refusal(api, "CreateComputeEnvironment", request)
        assert "desiredvCpus" in change_refused(api, "ce", desiredvCpus=desired)
    assert changed(api, "ce", desiredvCpus=8)["desiredvCpus"] == 8
    assert "between 8 and" in change_refused(api, "ce", desiredvCpus=7)


def test_best_fit_replaces_no_instances(api: BatchApi) -> None:  # noqa: F811
    """https://docs.aws.amazon.com/batch/latest/userguide/updating-compute-environments.html: it isn't
    supported in an infrastructure update; what only scales is changed, and what stays the same is no change.
    """
    wrong: list[dict[str, Any]] = [{"instanceTypes": ["m6i"]}, {"ec2KeyPair": "key"}, PROGRESSIVE]
    for resources in wrong:
        assert "BEST_FIT" in change_refused(api, "ce", **resources)
    delay = {"minScaleDownDelayMinutes": 20}
    assert changed(api, "ce", scalingPolicy=delay)["scalingPolicy"] == delay
    assert changed(api, "ce", maxvCpus=32, instanceTypes=EC2["instanceTypes"])["maxvCpus"] == 32
    api.call("CreateComputeEnvironment", environment("p", **PROGRESSIVE))
    assert changed(api, "p", instanceTypes=["m6i"])["instanceTypes"] == ["m6i"]
    assert "allocationStrategy" in change_refused(api, "p", allocationStrategy="BEST_FIT")


def test_instances_are_replaced_under_the_service_linked_role(api: BatchApi) -> None:  # noqa: F811
    """API_UpdateComputeEnvironment: it must be used for an infrastructure update, and is neither given up nor
    taken on by a change.
    """
    api.call("CreateComputeEnvironment", {**environment("r", **PROGRESSIVE), "serviceRole": ROLE})
    assert "AWSServiceRoleForBatch" in change_refused(api, "r", instanceTypes=["m6i"])
    assert changed(api, "r", maxvCpus=8)["maxvCpus"] == 8
    for name, role in (("r", LINKED), ("ce", ROLE)):
        change = {"computeEnvironment": name, "serviceRole": role}
        assert "serviceRole" in refusal(api, "UpdateComputeEnvironment", change)
    api.call("UpdateComputeEnvironment", {"computeEnvironment": "r", "serviceRole": f"{ROLE}-two"})


def test_an_empty_text_removes_a_setting(api: BatchApi) -> None:  # noqa: F811
    """API_ComputeResourceUpdate: of the key pair, the image and the launch template."""
    template = {"launchTemplateId": "lt-1"}
    request = environment("p", **PROGRESSIVE, ec2KeyPair="key", imageId="ami-1", launchTemplate=template)
    api.call("CreateComputeEnvironment", request)
    found = changed(api, "p", ec2KeyPair="", imageId="", launchTemplate={"launchTemplateId": ""})
    assert not {"ec2KeyPair", "imageId", "launchTemplate"} & found.keys()


@pytest.mark.parametrize(("minutes", "is_right"), [(0, False), (1, True), (7200, True), (7201, False)])
def test_jobs_have_up_to_five_days_in_an_update(
    api: BatchApi,  # noqa: F811
    minutes: int,
    is_right: bool,
) -> None:
    """API_UpdatePolicy: 1 to 7,200 minutes."""
    change = {"computeEnvironment": "ce", "updatePolicy": {"jobExecutionTimeoutMinutes": minutes}}
    if is_right:
        api.call("UpdateComputeEnvironment", change)
    else:
        assert "jobExecutionTimeoutMinutes" in refusal(api, "UpdateComputeEnvironment", change)


def test_a_queue_is_given_valid_environments(api: BatchApi) -> None:  # noqa: F811
    """API_CreateJobQueue: they must be VALID before they are associated; those that are stay."""
    invalidate(api.account, {"ce": "CLIENT_ERROR - no such subnet"})
    order = [{"order": 1, "computeEnvironment": "ce"}]
    request = {"jobQueueName": "n", "priority": 1, "computeEnvironmentOrder": order}
    assert "INVALID: CLIENT_ERROR" in refusal(api, "CreateJobQueue", request)
    api.call("UpdateJobQueue", {"jobQueue": "q", "priority": 3, "computeEnvironmentOrder": order})


@pytest.mark.parametrize(
    ("operation", "field"),
    [
        ("DescribeComputeEnvironments", "computeEnvironments"),
        ("DescribeJobQueues", "jobQueues"),
        ("DescribeSchedulingPolicies", "arns"),
    ],
)
def test_a_hundred_are_described_at_once(api: BatchApi, operation: str, field: str) -> None:  # noqa: F811
    """API_DescribeJobQueues and its like: a list of up to 100 names or ARNs, of this account and Region."""
    arn = f"{PREFIX}scheduling-policy/fair" if field == "arns" else "ce"
    assert "at most 100" in refusal(api, operation, {field: [arn] * 101})
    other = PREFIX.replace("us-east-1", "eu-west-1") + "scheduling-policy/fair"
    assert field in refusal(api, operation, {field: [other]})


@pytest.mark.parametrize("arm", ["m6g", "c7gn.large", "default_arm64", "g5g", "a1.large", "im4gn"])
def test_architectures_are_not_mixed(api: BatchApi, arm: str) -> None:  # noqa: F811
    """API_ComputeResource: not in a compute environment; API_CreateJobQueue: nor in a queue."""
    request = environment("n", instanceTypes=["m5", arm])
    assert "one architecture" in refusal(api, "CreateComputeEnvironment", request)
    api.call("CreateComputeEnvironment", environment("n", instanceTypes=[arm]))
    order = [{"order": number, "computeEnvironment": name} for number, name in enumerate(("ce", "n"))]
    request = {"jobQueueName": "n", "priority": 1, "computeEnvironmentOrder": order}
    assert "one architecture" in refusal(api, "CreateJobQueue", request)
    change = {"jobQueue": "q", "computeEnvironmentOrder": order}
    assert "one architecture" in refusal(api, "UpdateJobQueue", change)
    api.call("CreateJobQueue", {**request, "computeEnvironmentOrder": order[1:]})


def test_families_of_gpus_are_not_arm(api: BatchApi) -> None:  # noqa: F811
    """A g before the generation means GPUs, one after it means Graviton."""
    types = ["m5", "g4dn", "g4ad.xlarge", "g5", "gr6", "p4d", "c7i-flex", "optimal", "default_x86_64"]
    api.call("CreateComputeEnvironment", environment("n", instanceTypes=types))


@pytest.mark.parametrize(("minutes", "is_right"), [(0, True), (19, False), (20, True), (10_080, True)])
def test_a_scale_down_delay_has_bounds(api: BatchApi, minutes: int, is_right: bool) -> None:  # noqa: F811
    """API_ComputeScalingPolicy: 20 to 10,080 minutes, or 0 for none."""
    policy = {"minScaleDownDelayMinutes": minutes}
    if is_right:
        assert changed(api, "ce", scalingPolicy=policy)["scalingPolicy"] == policy
    else:
        assert "minScaleDownDelayMinutes" in change_refused(api, "ce", scalingPolicy=policy)
    beyond = environment("n", scalingPolicy={"minScaleDownDelayMinutes": 10_081})
    assert "minScaleDownDelayMinutes" in refusal(api, "CreateComputeEnvironment", beyond)
