"""What AWS's documents say of what a job and its definition may be, one test a rule.

API_X stands for https://docs.aws.amazon.com/batch/latest/APIReference/API_X.html.
"""

from __future__ import annotations

from typing import Any

import pytest

from local.batch.api.batch_api import BatchApi
from tests.local.batch.api.requests import CONTAINER, NODES, ONE_CPU, SEATS
from tests.local.batch.api.test_documented_rules import api, refusal, register, submit  # noqa: F401 - a fixture

JOB = {"jobName": "j", "jobQueue": "q", "jobDefinition": "work"}
MULTINODE = {"jobDefinitionName": "mnp", "type": "multinode", "nodeProperties": NODES}


@pytest.mark.parametrize(
    "overrides",
    [
        {"resourceRequirements": [{"type": "VCPU", "value": "0.5"}]},
        {"resourceRequirements": [{"type": "VCPU", "value": "1.0"}]},
        {"resourceRequirements": [{"type": "MEMORY", "value": "3"}]},
        {"vcpus": 0},
        {"command": ["echo", ""]},
        {"environment": [{"name": "AWS_BATCH_X", "value": "1"}]},
    ],
)
def test_a_node_is_given_what_a_job_may_have(api: BatchApi, overrides: dict[str, Any]) -> None:  # noqa: F811
    """API_NodePropertyOverride: its container's overrides are those of API_ContainerOverrides."""
    nodes = {"nodePropertyOverrides": [{"targetNodes": "1:1", "containerOverrides": overrides}]}
    request = {**JOB, "jobDefinition": "nodes", "nodeOverrides": nodes}
    assert "nodePropertyOverrides.containerOverrides" in refusal(api, "SubmitJob", request)
    assert "containerOverrides" in refusal(api, "SubmitJob", {**JOB, "containerOverrides": overrides})


def test_the_older_overrides_of_nodes_leave_requirements_alone(api: BatchApi) -> None:  # noqa: F811
    """API_ContainerOverrides, in the overrides of nodes as of jobs."""
    change = {"targetNodes": "1:1", "containerOverrides": {"vcpus": 2, "memory": 1024}}
    job = submit(api, "nodes", nodeOverrides={"nodePropertyOverrides": [change]})["jobId"]
    [node] = api.call("DescribeJobs", {"jobs": [f"{job}#1"]})["jobs"]
    assert node["container"]["resourceRequirements"] == ONE_CPU


def test_vcpus_are_said_once(api: BatchApi) -> None:  # noqa: F811
    """API_ContainerDetail: not in both the vcpus and the resourceRequirements; memory may be in either."""
    container = {**CONTAINER, "vcpus": 1}
    request: dict[str, Any] = {
        "jobDefinitionName": "d",
        "type": "container",
        "containerProperties": container,
    }
    assert "found both" in refusal(api, "RegisterJobDefinition", request)
    ranges = [{"targetNodes": "0:", "container": container}]
    nodes = {**MULTINODE, "nodeProperties": {**NODES, "nodeRangeProperties": ranges}}
    assert "found both" in refusal(api, "RegisterJobDefinition", nodes)
    register(api, "d", {"image": "i", "vcpus": 1, "resourceRequirements": ONE_CPU[1:]})


@pytest.mark.parametrize(
    ("capability", "says"), [("FARGATE", "multinode"), ("MANAGED_INSTANCES", "ecsProperties")]
)
def test_nodes_are_instances_that_batch_launches(api: BatchApi, capability: str, says: str) -> None:  # noqa: F811
    """API_RegisterJobDefinition: multinode isn't supported on Fargate or ECS Managed Instances."""
    request = {**MULTINODE, "platformCapabilities": [capability]}
    assert says in refusal(api, "RegisterJobDefinition", request)


def test_overrides_are_of_what_the_definition_has(api: BatchApi) -> None:  # noqa: F811
    """API_SubmitJob: EKS's and ECS's properties override those of such a definition; nothing is taken and
    dropped.
    """
    eks: dict[str, Any] = {"podProperties": {}}
    ecs: dict[str, Any] = {"taskProperties": []}
    assert "eksPropertiesOverride" in refusal(api, "SubmitJob", {**JOB, "eksPropertiesOverride": eks})
    assert "ecsPropertiesOverride" in refusal(api, "SubmitJob", {**JOB, "ecsPropertiesOverride": ecs})
    for name, value in (
        ("eksPropertiesOverride", eks),
        ("ecsPropertiesOverride", ecs),
        ("consumableResourcePropertiesOverride", SEATS),
    ):
        nodes = {"nodePropertyOverrides": [{"targetNodes": "0:", name: value}]}
        request = {**JOB, "jobDefinition": "nodes", "nodeOverrides": nodes}
        assert f"nodePropertyOverrides.{name}" in refusal(api, "SubmitJob", request)


def test_a_definition_is_named_by_its_arn_without_a_revision(api: BatchApi) -> None:  # noqa: F811
    """API_SubmitJob: the latest active revision is used then."""
    [found] = api.call("DescribeJobDefinitions", {"jobDefinitionName": "work"})["jobDefinitions"]
    arn = found["jobDefinitionArn"]
    assert submit(api, arn.rpartition(":")[0])["jobDefinition"] == arn


def test_three_ranges_of_nodes_nest(api: BatchApi) -> None:  # noqa: F811
    """API_NodeRangeProperty: the innermost wins, in the number of nodes that a submission asks for."""
    ranges = [
        {"targetNodes": target, "container": {**CONTAINER, "image": target}}
        for target in ("2:2", "0:", "1:3")
    ]
    nodes = {"numNodes": 4, "mainNode": 0, "nodeRangeProperties": ranges}
    api.call("RegisterJobDefinition", {**MULTINODE, "nodeProperties": nodes})
    job = submit(api, "mnp", nodeOverrides={"numNodes": 6})["jobId"]
    found = api.call("DescribeJobs", {"jobs": [f"{job}#{node}" for node in range(6)]})["jobs"]
    images = [each["container"]["image"] for each in found]
    assert images == ["0:", "1:3", "2:2", "1:3", "0:", "0:"]


def test_children_by_state_come_a_thousand_at_once(api: BatchApi) -> None:  # noqa: F811
    """API_ListJobs: when a status is used, up to 1000; the pages neither repeat nor miss a child."""
    register(api, "plain", CONTAINER)
    parent = submit(api, "plain", "fq", shareIdentifier="a", arrayProperties={"size": 2100})["jobId"]
    asked = {"arrayJobId": parent, "jobStatus": "RUNNABLE", "maxResults": 5000}
    waiting: list[str] = []
    sizes: list[int] = []
    token: dict[str, str] = {}
    while True:
        page = api.call("ListJobs", {**asked, **token})
        sizes.append(len(page["jobSummaryList"]))
        waiting += [each["jobId"] for each in page["jobSummaryList"]]
        if "nextToken" not in page:
            break
        token = {"nextToken": page["nextToken"]}
    assert sizes[:2] == [1000, 1000]
    assert len(waiting) == len(set(waiting)) == api.account.scheduler.jobs[parent].counts[2]


def test_marks_of_an_end_are_listed_only_when_true(api: BatchApi) -> None:  # noqa: F811
    """API_JobSummary: isCancelled and isTerminated are present only when the value is true."""
    api.call("CancelJob", {"jobId": "job-4", "reason": "r"})
    api.call("TerminateJob", {"jobId": "job-3", "reason": "r"})
    filters = [{"name": "JOB_NAME", "values": ["*"]}]
    listed = api.call("ListJobs", {"jobQueue": "q", "filters": filters})["jobSummaryList"]
    marks = {each["jobId"]: {"isCancelled", "isTerminated"} & each.keys() for each in listed}
    assert marks == {"job-1": set(), "job-2": set(), "job-3": {"isTerminated"}, "job-4": {"isCancelled"}}


def test_a_job_that_is_ended_before_any_of_it_runs_says_why(api: BatchApi) -> None:  # noqa: F811
    """API_TerminateJob: the reason is returned by DescribeJobs, of an array and its children as well."""
    parent = submit(api, arrayProperties={"size": 2})["jobId"]
    api.call("TerminateJob", {"jobId": parent, "reason": "enough"})
    ended = api.call("DescribeJobs", {"jobs": [parent, f"{parent}:1"]})["jobs"]
    assert [each["statusReason"] for each in ended] == ["enough", "enough"]
    assert all(each["isTerminated"] for each in ended)


def test_consumable_resources_come_in_pages(api: BatchApi) -> None:  # noqa: F811
    """API_ListConsumableResources and API_ListJobsByConsumableResource: a token goes on, with the filters."""
    for number in range(3):
        api.call("CreateConsumableResource", {"consumableResourceName": f"new{number}"})
        submit(api)
    filters = [{"name": "CONSUMABLE_RESOURCE_NAME", "values": ["NEW*"]}]
    asked: dict[str, Any] = {"filters": filters, "maxResults": 2}
    first = api.call("ListConsumableResources", asked)
    rest = api.call("ListConsumableResources", {**asked, "nextToken": first["nextToken"]})
    names = [each["consumableResourceName"] for page in (first, rest) for each in page["consumableResources"]]
    assert (names, rest.get("nextToken")) == (["new0", "new1", "new2"], None)
    asked = {"consumableResource": "seat", "maxResults": 2}
    first = api.call("ListJobsByConsumableResource", asked)
    submit(api)
    seen = [each["jobArn"] for each in first["jobs"]]
    while "nextToken" in first:
        first = api.call("ListJobsByConsumableResource", {**asked, "nextToken": first["nextToken"]})
        seen += [each["jobArn"] for each in first["jobs"]]
    assert len(seen) == len(set(seen)) == 7
    for operation in ("ListConsumableResources", "ListJobsByConsumableResource"):
        wrong = {"nextToken": "made up", "consumableResource": "seat"}
        wrong = wrong if operation == "ListJobsByConsumableResource" else {"nextToken": "made up"}
        assert "nextToken" in refusal(api, operation, wrong)


def test_tags_are_bounded(api: BatchApi) -> None:  # noqa: F811
    """API_TagResource and API_UntagResource: 50 at once, keys of 128 characters, values of 256."""
    arn = api.account.queue("q")["jobQueueArn"]
    for tags in ({"x" * 129: "v"}, {"k": "x" * 257}, {f"k{number}": "v" for number in range(51)}):
        assert "tags" in refusal(api, "TagResource", {"resourceArn": arn, "tags": tags})
    keys = [f"k{number}" for number in range(51)]
    assert "tagKeys" in refusal(api, "UntagResource", {"resourceArn": arn, "tagKeys": keys})


@pytest.mark.parametrize(
    ("field", "job", "right"),
    [
        ("arrayJobId", "job-3", "job-2"),
        ("multiNodeJobId", "job-2", "job-3"),
        ("arrayJobId", "job-1", "job-2"),
        ("multiNodeJobId", "none", "job-3"),
    ],
)
def test_children_are_of_an_array_and_nodes_of_a_multi_node_job(
    api: BatchApi,  # noqa: F811
    field: str,
    job: str,
    right: str,
) -> None:
    """API_ListJobs: the id of an array lists its children, the one of a multi-node job its nodes."""
    assert f"{field} must be" in refusal(api, "ListJobs", {field: job, "jobStatus": "STARTING"})
    api.call("ListJobs", {field: right, "jobStatus": "STARTING"})


def test_no_less_than_nothing_is_available(api: BatchApi) -> None:  # noqa: F811
    """API_DescribeConsumableResource: what is available now, where less was set than is in use."""
    request = {"consumableResource": "seat", "operation": "SET", "quantity": 1}
    api.call("UpdateConsumableResource", request)
    found = api.call("DescribeConsumableResource", {"consumableResource": "seat"})
    quantities = (found["totalQuantity"], found["inUseQuantity"], found["availableQuantity"])
    assert quantities == (1, 2, 0)
