"""What AWS's documents say of requests, one test a rule.

Each names the page that says it: API_X stands for
https://docs.aws.amazon.com/batch/latest/APIReference/API_X.html.
"""

from __future__ import annotations

from typing import Any

import pytest

from local.batch.api.batch_api import BatchApi, BatchApiError
from tests.local.batch.api.requests import (
    CONTAINER,
    EC2,
    ONE_CPU,
    PREFIX,
    SET_UP,
    TASK_SIZE,
    account_with,
)


@pytest.fixture
def api() -> BatchApi:
    """An account with two environments, three queues, three definitions and four jobs."""
    return account_with(SET_UP)


def refusal(api: BatchApi, operation: str, params: dict[str, Any]) -> str:
    """The message of the ClientException that a request meets."""
    with pytest.raises(BatchApiError) as caught:
        api.call(operation, params)
    assert (caught.value.code, caught.value.status) == ("ClientException", 400)
    return caught.value.message


def submit(api: BatchApi, definition: str = "work", queue: str = "q", **more: Any) -> dict[str, Any]:
    """Submit a job; how it is described."""
    params = {"jobName": "j", "jobQueue": queue, "jobDefinition": definition, **more}
    job_id = api.call("SubmitJob", params)["jobId"]
    found: dict[str, Any] = api.call("DescribeJobs", {"jobs": [job_id]})["jobs"][0]
    return found


def register(api: BatchApi, name: str, container: dict[str, Any], **more: Any) -> None:
    """Register a definition."""
    params = {"jobDefinitionName": name, "type": "container", "containerProperties": container, **more}
    api.call("RegisterJobDefinition", params)


def environment(name: str, **resources: Any) -> dict[str, Any]:
    """A request for a managed environment."""
    return {
        "computeEnvironmentName": name,
        "type": "MANAGED",
        "computeResources": {**EC2, **resources},
    }


# Submissions


def test_the_older_overrides_leave_requirements_alone(api: BatchApi) -> None:
    """API_ContainerOverrides: vcpus and memory override the fields of the same names, nothing else."""
    container = submit(api, containerOverrides={"vcpus": 2, "memory": 1024})["container"]
    assert container["resourceRequirements"] == ONE_CPU
    assert "vcpus" not in container
    register(api, "old", {"image": "i", "vcpus": 1, "memory": 512})
    container = submit(api, "old", containerOverrides={"vcpus": 2, "memory": 1024})["container"]
    assert (container["vcpus"], container["memory"]) == (2, 1024)


def test_a_priority_of_0_overrides(api: BatchApi) -> None:
    """API_SubmitJob: 0 is the smallest schedulingPriorityOverride, not none."""
    register(api, "urgent", CONTAINER, schedulingPriority=5)
    job = submit(api, "urgent", "fq", shareIdentifier="a", schedulingPriorityOverride=0)
    assert job["schedulingPriority"] == 0
    assert api.account.scheduler.jobs[job["jobId"]].spec.priority == 0


def test_the_overridden_number_of_nodes_is_described(api: BatchApi) -> None:
    """API_NodeOverrides: numNodes overrides the number that the definition specifies."""
    job = submit(api, "nodes", nodeOverrides={"numNodes": 5})
    assert job["nodeProperties"]["numNodes"] == 5


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_nested_node_ranges_win_wherever_they_stand(api: BatchApi, order: tuple[int, int]) -> None:
    """API_NodeRangeProperty: the 4:5 range properties override the 0:10 properties."""
    ranges = [
        {"targetNodes": ":", "container": {**CONTAINER, "image": "outer"}},
        {"targetNodes": "1:2", "container": {**CONTAINER, "image": "inner"}},
    ]
    nodes = {"numNodes": 4, "mainNode": 0, "nodeRangeProperties": [ranges[each] for each in order]}
    definition = {"jobDefinitionName": "nested", "type": "multinode", "nodeProperties": nodes}
    api.call("RegisterJobDefinition", definition)
    job = submit(api, "nested")["jobId"]
    found = api.call("DescribeJobs", {"jobs": [f"{job}#{node}" for node in range(4)]})["jobs"]
    assert [each["container"]["image"] for each in found] == ["outer", "inner", "inner", "outer"]


def test_parts_of_a_vcpu_are_refused_on_ec2(api: BatchApi) -> None:
    """API_ResourceRequirement: at least one vCPU; "1.0" as in kestra-io/plugin-aws issue 504."""
    for value in ("0.5", "1.0", "1.5"):
        requirements = [{"type": "VCPU", "value": value}, ONE_CPU[1]]
        definition = {
            "jobDefinitionName": "part",
            "type": "container",
            "containerProperties": {"image": "i", "resourceRequirements": requirements},
        }
        assert "VCPU" in refusal(api, "RegisterJobDefinition", definition)
        override = {"resourceRequirements": requirements[:1]}
        job = {"jobName": "j", "jobQueue": "q", "jobDefinition": "work", "containerOverrides": override}
        assert "whole number" in refusal(api, "SubmitJob", job)


def test_the_older_fields_are_refused_on_fargate(api: BatchApi) -> None:
    """API_ContainerProperties, and insitro/redun pull request 95: use resource requirements."""
    task = {"image": "i", "executionRoleArn": "role", "resourceRequirements": TASK_SIZE}
    for field in ("vcpus", "memory"):
        definition = {
            "jobDefinitionName": "old",
            "type": "container",
            "platformCapabilities": ["FARGATE"],
            "containerProperties": {**task, field: 512},
        }
        assert f"{field} is not applicable" in refusal(api, "RegisterJobDefinition", definition)
        job = {"jobName": "j", "jobQueue": "tq", "jobDefinition": "task", "containerOverrides": {field: 512}}
        assert f"{field} is not applicable" in refusal(api, "SubmitJob", job)


def test_fargate_logs_to_awslogs_or_splunk(api: BatchApi) -> None:
    """API_LogConfiguration: jobs on Fargate are restricted to these two drivers."""
    container = {
        "image": "i",
        "executionRoleArn": "role",
        "resourceRequirements": TASK_SIZE,
        "logConfiguration": {"logDriver": "json-file"},
    }
    definition = {
        "jobDefinitionName": "logs",
        "type": "container",
        "platformCapabilities": ["FARGATE"],
        "containerProperties": container,
    }
    assert "logDriver" in refusal(api, "RegisterJobDefinition", definition)


def test_fargate_definitions_describe_their_platform_version(api: BatchApi) -> None:
    """API_FargatePlatformConfiguration: LATEST where none is specified."""
    found = api.call("DescribeJobDefinitions", {"jobDefinitions": ["task:1"]})["jobDefinitions"][0]
    assert found["containerProperties"]["fargatePlatformConfiguration"] == {"platformVersion": "LATEST"}


@pytest.mark.parametrize("priority", [-1, 10_000])
def test_priorities_are_between_0_and_9999(api: BatchApi, priority: int) -> None:
    """API_RegisterJobDefinition and API_SubmitJob."""
    definition = {
        "jobDefinitionName": "d",
        "type": "container",
        "containerProperties": CONTAINER,
        "schedulingPriority": priority,
    }
    assert "schedulingPriority" in refusal(api, "RegisterJobDefinition", definition)
    job = {"jobName": "j", "jobQueue": "fq", "jobDefinition": "work", "shareIdentifier": "a"}
    assert "between 0 and 9999" in refusal(api, "SubmitJob", {**job, "schedulingPriorityOverride": priority})


def test_a_command_override_has_no_empty_string(api: BatchApi) -> None:
    """API_ContainerOverrides: this parameter can't contain an empty string."""
    job = {"jobName": "j", "jobQueue": "q", "jobDefinition": "work"}
    override = {"command": ["echo", ""]}
    assert "empty string" in refusal(api, "SubmitJob", {**job, "containerOverrides": override})


# Cancel and terminate


def test_unknown_jobs_are_ended_successfully(api: BatchApi) -> None:
    """API_CancelJobs and API_TerminateJobs; aws/aws-cli issue 2551 of TerminateJob."""
    for operation in ("CancelJob", "TerminateJob"):
        assert api.call(operation, {"jobId": "nothing", "reason": "r"}) == {}
        answer = api.call(f"{operation}s", {"jobs": ["nothing", "job-4"], "reason": "r"})
        assert answer == {"successful": ["nothing", "job-4"], "errors": []}
        assert "at most 50" in refusal(api, f"{operation}s", {"jobs": ["x"] * 51, "reason": "r"})


@pytest.mark.parametrize("operation", ["CancelJob", "TerminateJob", "CancelJobs", "TerminateJobs"])
def test_reasons_have_1024_characters(api: BatchApi, operation: str) -> None:
    """API_CancelJob: this parameter has a limit of 1024 characters."""
    ids = {"jobs": ["job-4"]} if operation.endswith("s") else {"jobId": "job-4"}
    assert "1024" in refusal(api, operation, {**ids, "reason": "x" * 1025})
    api.call(operation, {**ids, "reason": "x" * 1024})


def test_a_cancel_that_came_too_late_leaves_no_reason(api: BatchApi) -> None:
    """API_CancelJob: jobs that progressed to STARTING or RUNNING aren't cancelled."""
    register(api, "plain", CONTAINER)
    array = submit(api, "plain", "fq", shareIdentifier="a", arrayProperties={"size": 2})["jobId"]
    api.call("CancelJobs", {"jobs": ["job-1", array], "reason": "changed my mind"})
    assert api.account.scheduler.jobs[array].status_reason is None
    found = api.call("DescribeJobs", {"jobs": ["job-1", array, f"{array}:0"]})["jobs"]
    assert all("statusReason" not in each and "isCancelled" not in each for each in found)
    assert all("isTerminated" not in each for each in found)
    api.call("CancelJob", {"jobId": "job-4", "reason": "changed my mind"})
    api.call("TerminateJob", {"jobId": "job-1", "reason": "enough"})
    found = api.call("DescribeJobs", {"jobs": ["job-1", "job-4"]})["jobs"]
    assert (found[0]["isTerminated"], found[1]["isCancelled"]) == (True, True)


# Names


@pytest.mark.parametrize(
    "queue",
    [
        PREFIX.replace("us-east-1", "eu-west-1") + "job-queue/q",
        PREFIX.replace("0" * 12, "1" * 12) + "job-queue/q",
        PREFIX.replace(":batch:", ":ecs:") + "job-queue/q",
        PREFIX + "compute-environment/q",
    ],
)
def test_arns_of_others_are_refused(api: BatchApi, queue: str) -> None:
    """API_SubmitJob: the name or the ARN of the queue; another Region's, account's or type's is none."""
    job = {"jobName": "j", "jobQueue": queue, "jobDefinition": "work"}
    assert f"must be a name or begin with {PREFIX}job-queue/" in refusal(api, "SubmitJob", job)
    assert "jobQueues" in refusal(api, "DescribeJobQueues", {"jobQueues": [queue]})
    definition = queue.replace("job-queue/q", "job-definition/work:1")
    if definition != queue:
        job = {"jobName": "j", "jobQueue": "q", "jobDefinition": definition}
        assert "jobDefinition" in refusal(api, "SubmitJob", job)
        assert "resourceArn" in refusal(api, "ListTagsForResource", {"resourceArn": definition})


@pytest.mark.parametrize("share", ["", "a-b", "a b", "é", "x" * 256, "a*b"])
def test_share_identifiers_are_alphanumeric(api: BatchApi, share: str) -> None:
    """API_ShareAttributes and API_SubmitJob: 255 alphanumeric characters, followed by an asterisk at most."""
    policy = {"shareDistribution": [{"shareIdentifier": share}]}
    message = refusal(api, "CreateSchedulingPolicy", {"name": "p", "fairsharePolicy": policy})
    assert "shareIdentifier" in message
    job = {"jobName": "j", "jobQueue": "fq", "jobDefinition": "work", "shareIdentifier": share}
    assert "shareIdentifier" in refusal(api, "SubmitJob", job)


def test_share_identifiers_do_not_overlap(api: BatchApi) -> None:
    """API_ShareAttributes: not UserA* and UserA1."""
    for shares in (("UserA*", "UserA1"), ("UserA1", "UserA*"), ("a", "a")):
        policy = {"shareDistribution": [{"shareIdentifier": each} for each in shares]}
        message = refusal(api, "CreateSchedulingPolicy", {"name": "p", "fairsharePolicy": policy})
        assert "overlap" in message
    apart = {"shareDistribution": [{"shareIdentifier": "UserA*"}, {"shareIdentifier": "UserB1"}]}
    api.call("CreateSchedulingPolicy", {"name": "p", "fairsharePolicy": apart})


def test_a_decay_of_0_is_600_seconds(api: BatchApi) -> None:
    """API_FairsharePolicy: zero indicates the default minimum time window."""
    arn = f"{PREFIX}scheduling-policy/fair"
    api.call("UpdateSchedulingPolicy", {"arn": arn, "fairsharePolicy": {"shareDecaySeconds": 0}})
    fair = api.account.scheduler.queues[f"{PREFIX}job-queue/fq"].spec.fair
    assert fair is not None
    assert fair.decay_seconds == 600


@pytest.mark.parametrize(
    ("operation", "params"),
    [
        ("TagResource", {"resourceArn": f"{PREFIX}job-queue/q"}),
        ("SubmitJob", {"jobName": "j", "jobQueue": "q", "jobDefinition": "work"}),
        (
            "RegisterJobDefinition",
            {"jobDefinitionName": "d", "type": "container", "containerProperties": CONTAINER},
        ),
        ("CreateComputeEnvironment", environment("n")),
        (
            "CreateJobQueue",
            {
                "jobQueueName": "n",
                "priority": 1,
                "computeEnvironmentOrder": [{"order": 1, "computeEnvironment": "ce"}],
            },
        ),
        ("CreateSchedulingPolicy", {"name": "n"}),
        ("CreateConsumableResource", {"consumableResourceName": "n"}),
    ],
)
def test_tags_of_aws_are_refused(api: BatchApi, operation: str, params: dict[str, Any]) -> None:
    """https://docs.aws.amazon.com/batch/latest/userguide/tag-basics.html: aws: is reserved, in any case."""
    assert "aws:" in refusal(api, operation, {**params, "tags": {"AWS:x": "y"}})


# Environments


def test_spot_with_best_fit_needs_a_fleet_role(api: BatchApi) -> None:
    """API_ComputeResource: required if the allocation strategy is BEST_FIT or isn't specified."""
    assert "spotIamFleetRole" in refusal(api, "CreateComputeEnvironment", environment("s", type="SPOT"))
    api.call("CreateComputeEnvironment", environment("s", type="SPOT", spotIamFleetRole="role"))
    strategy = "SPOT_PRICE_CAPACITY_OPTIMIZED"
    api.call("CreateComputeEnvironment", environment("t", type="SPOT", allocationStrategy=strategy))


@pytest.mark.parametrize("name", ["m5.huge", "q9", "m5.", "", "optimal.large"])
def test_unknown_instance_types_are_refused(api: BatchApi, name: str) -> None:
    """API_ComputeResource: instance types and families of EC2, and the bundles of AWS Batch."""
    request = environment("n", instanceTypes=["m5", name])
    assert "instanceTypes" in refusal(api, "CreateComputeEnvironment", request)
    change = {"computeEnvironment": "ce", "computeResources": {"instanceTypes": [name]}}
    assert "instanceTypes" in refusal(api, "UpdateComputeEnvironment", change)


def test_a_change_of_an_environment_is_checked_like_its_creation(api: BatchApi) -> None:
    """API_UpdateComputeEnvironment: what may not be made may not be made by a change."""
    wrong: list[dict[str, Any]] = [{"maxvCpus": 0}, {"minvCpus": 65}, {"instanceTypes": []}, {"subnets": []}]
    for resources in wrong:
        change = {"computeEnvironment": "ce", "computeResources": resources}
        assert "computeResources" in refusal(api, "UpdateComputeEnvironment", change)
    change = {"computeEnvironment": "tasks", "computeResources": {"instanceTypes": ["m5"]}}
    assert "not applicable" in refusal(api, "UpdateComputeEnvironment", change)


def test_spot_with_best_fit_may_exceed_by_one_instance(api: BatchApi) -> None:
    """API_ComputeResource: with any strategy except BEST_FIT using On-Demand resources."""
    small = {"maxvCpus": 1, "instanceTypes": ["m5.large"], "spotIamFleetRole": "role"}
    for name, kind in (("spot", "SPOT"), ("demand", "EC2")):
        api.call("CreateComputeEnvironment", environment(name, **small, type=kind))
        order = [{"order": 1, "computeEnvironment": name}]
        queue = {"jobQueueName": name, "priority": 1, "computeEnvironmentOrder": order}
        api.call("CreateJobQueue", queue)
    register(api, "plain", CONTAINER)
    assert submit(api, "plain", "spot")["status"] == "STARTING"
    blocked = submit(api, "plain", "demand")
    assert blocked["status"] == "RUNNABLE"
    # https://docs.aws.amazon.com/batch/latest/userguide/job_stuck_in_runnable.html
    assert blocked["statusReason"].startswith("MISCONFIGURATION:COMPUTE_ENVIRONMENT_MAX_RESOURCE")


def test_empty_variables_of_a_definition_are_dropped(api: BatchApi) -> None:
    """As AWS answers, in jobs too, and in the ranges of nodes:
    https://github.com/hashicorp/terraform-provider-aws/pull/29820.
    """
    variables = [{"name": "EMPTY", "value": ""}, {"name": "KEPT", "value": "x"}, {"name": "NONE"}]
    kept = [{"name": "KEPT", "value": "x"}]
    register(api, "empty", {**CONTAINER, "environment": variables})
    nodes = {
        "mainNode": 0,
        "numNodes": 2,
        "nodeRangeProperties": [{"targetNodes": "0:1", "container": {**CONTAINER, "environment": variables}}],
    }
    params = {"jobDefinitionName": "nodes", "type": "multinode", "nodeProperties": nodes}
    api.call("RegisterJobDefinition", params)
    described = {
        one["jobDefinitionName"]: one for one in api.call("DescribeJobDefinitions", {})["jobDefinitions"]
    }
    assert described["empty"]["containerProperties"]["environment"] == kept
    (only,) = described["nodes"]["nodeProperties"]["nodeRangeProperties"]
    assert only["container"]["environment"] == kept
    assert submit(api, "empty")["container"]["environment"] == kept
    assert nodes["nodeRangeProperties"][0]["container"]["environment"] == variables  # type: ignore[index]


# Lists


def test_definitions_by_id_and_nothing_else(api: BatchApi) -> None:
    """API_DescribeJobDefinitions: up to 100 ids, which can't be used with other parameters."""
    for more in ({"status": "ACTIVE"}, {"jobDefinitionName": "work"}, {"maxResults": 1}):
        message = refusal(api, "DescribeJobDefinitions", {"jobDefinitions": ["work:1"], **more})
        assert "other parameters" in message
    assert "at most 100" in refusal(api, "DescribeJobDefinitions", {"jobDefinitions": ["work:1"] * 101})


def test_jobs_by_state_come_a_thousand_at_once(api: BatchApi) -> None:
    """API_ListJobs: up to 1000 by status, up to 100 with filters."""
    for number in range(1005):
        submit_one(api, f"n{number}")
    asked = {"jobQueue": "q", "jobStatus": "RUNNABLE"}
    first = api.call("ListJobs", {**asked, "maxResults": 5000})
    second = api.call("ListJobs", {**asked, "nextToken": first["nextToken"]})
    assert len(first["jobSummaryList"]) == 1000
    ids = [each["jobId"] for page in (first, second) for each in page["jobSummaryList"]]
    assert len(ids) == len(set(ids)) == len(api.account.scheduler.listing.jobs(f"{PREFIX}job-queue/q", 2))
    by_name = {"jobQueue": "q", "filters": [{"name": "JOB_NAME", "values": ["n*"]}], "maxResults": 500}
    assert len(api.call("ListJobs", by_name)["jobSummaryList"]) == 100


def submit_one(api: BatchApi, name: str) -> str:
    """Submit a job of a name; its id."""
    return str(api.call("SubmitJob", {"jobName": name, "jobQueue": "q", "jobDefinition": "work"})["jobId"])


@pytest.mark.parametrize(
    "asked",
    [
        {"jobQueue": "q", "jobStatus": "RUNNABLE"},
        {"jobQueue": "q", "filters": [{"name": "JOB_NAME", "values": ["n*"]}]},
    ],
)
def test_pages_neither_repeat_nor_miss_a_job(api: BatchApi, asked: dict[str, Any]) -> None:
    """API_ListJobs: pagination continues from the end of the previous results, whatever came meanwhile."""
    there = {submit_one(api, f"n{number}") for number in range(10)}
    seen: list[str] = []
    token: dict[str, str] = {}
    while True:
        page = api.call("ListJobs", {**asked, "maxResults": 3, **token})
        seen += [each["jobId"] for each in page["jobSummaryList"]]
        if "nextToken" not in page:
            break
        token = {"nextToken": page["nextToken"]}
        submit_one(api, "new")
        api.call("CancelJob", {"jobId": seen[0], "reason": "r"})
    assert len(seen) == len(set(seen))
    assert there <= set(seen)


def test_consumable_resources_are_filtered(api: BatchApi) -> None:
    """API_ListConsumableResources and API_ListJobsByConsumableResource."""
    api.call("CreateConsumableResource", {"consumableResourceName": "Table"})
    for value, expected in (("SEAT", ["seat"]), ("ta*", ["Table"]), ("x", [])):
        filters = [{"name": "CONSUMABLE_RESOURCE_NAME", "values": [value]}]
        found = api.call("ListConsumableResources", {"filters": filters})["consumableResources"]
        assert [each["consumableResourceName"] for each in found] == expected
    asked = {"consumableResource": "seat"}
    for name, value, expected in (
        ("JOB_STATUS", "STARTING", ["job-1"]),
        ("JOB_STATUS", "FAILED", []),
        ("JOB_NAME", "MAN*", ["job-2"]),
    ):
        filters = [{"name": name, "values": [value]}]
        jobs = api.call("ListJobsByConsumableResource", {**asked, "filters": filters})["jobs"]
        assert [each["jobArn"].rpartition("/")[2] for each in jobs] == expected
    wrong = {**asked, "filters": [{"name": "JOB_STATUS", "values": ["DONE"]}]}
    assert "JOB_STATUS" in refusal(api, "ListJobsByConsumableResource", wrong)
    wrong = {"filters": [{"name": "x", "values": []}]}
    assert "filters.name" in refusal(api, "ListConsumableResources", wrong)


def test_an_update_with_a_client_token_happens_once(api: BatchApi) -> None:
    """API_UpdateConsumableResource: identical payloads and tokens are the same request, for 8 hours."""
    add = {"consumableResource": "seat", "operation": "ADD", "quantity": 3, "clientToken": "t"}
    assert [api.call("UpdateConsumableResource", add)["totalQuantity"] for _ in range(2)] == [5, 5]
    assert api.call("UpdateConsumableResource", {**add, "clientToken": "u"})["totalQuantity"] == 8
    later = api.account.clock() + 9 * 3600 * 1000
    api.account.clock = lambda: later
    assert api.call("UpdateConsumableResource", add)["totalQuantity"] == 11
