"""AWS Batch's operations as a boto3 client meets them."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.batch.api.batch_api import OPERATIONS
from local.batch.api.shapes import service
from tests.local.batch.conftest import EC2, ONE_CPU, Desk, HandExecutor, wait_for

# What this engine does not have: EKS service environments of SageMaker and the quota shares that belong to
# them.
_ABSENT = {name for name in service().operation_names if "Service" in name or "Quota" in name}


def refused(call: Any, **params: Any) -> str:
    """The message of a ClientException that a call meets."""
    with pytest.raises(ClientError) as caught:
        call(**params)
    assert caught.value.response["Error"]["Code"] == "ClientException"
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    return str(caught.value.response["Error"]["Message"])


def test_every_operation_is_there_but_those_of_sagemaker() -> None:
    """The engine has each operation of botocore's model, but those of service jobs."""
    assert set(OPERATIONS) == set(service().operation_names) - _ABSENT


def test_an_unknown_operation_is_refused(desk: Desk) -> None:
    """An operation that the engine does not have is a ClientException, not a silent success."""
    assert "ListServiceJobs" in refused(desk.batch.list_service_jobs, jobQueue="q")


def test_a_compute_environment_lives(desk: Desk) -> None:
    """Created, described, updated, disabled, deleted."""
    made = desk.batch.create_compute_environment(
        computeEnvironmentName="spot", type="MANAGED", computeResources={**EC2, "type": "SPOT"}
    )
    assert made["computeEnvironmentArn"].endswith(":compute-environment/spot")
    found = desk.batch.describe_compute_environments(computeEnvironments=["spot"])["computeEnvironments"][0]
    assert (found["status"], found["state"], found["computeResources"]["type"]) == (
        "VALID",
        "ENABLED",
        "SPOT",
    )
    assert found["ecsClusterArn"].startswith("arn:aws:ecs:us-east-1:000000000000:cluster/AWSBatch-spot-")
    desk.batch.update_compute_environment(computeEnvironment="spot", computeResources={"maxvCpus": 99})
    assert "DISABLED" in refused(desk.batch.delete_compute_environment, computeEnvironment="spot")
    desk.batch.update_compute_environment(computeEnvironment="spot", state="DISABLED")
    found = desk.batch.describe_compute_environments(computeEnvironments=["spot"])["computeEnvironments"][0]
    assert (found["computeResources"]["maxvCpus"], found["state"]) == (99, "DISABLED")
    desk.batch.delete_compute_environment(computeEnvironment="spot")
    assert desk.batch.describe_compute_environments(computeEnvironments=["spot"])["computeEnvironments"] == []


def test_an_environment_in_use_is_not_deleted(desk: Desk) -> None:
    """An environment that a queue uses stays, even when disabled."""
    desk.batch.update_compute_environment(computeEnvironment="ce", state="DISABLED")
    message = refused(desk.batch.delete_compute_environment, computeEnvironment="ce")
    assert "found existing JobQueue relationship" in message


@pytest.mark.parametrize(
    ("resources", "named"),
    [
        ({**EC2, "minvCpus": 20}, "minvCpus"),
        ({**EC2, "maxvCpus": 0}, "maxvCpus"),
        ({name: value for name, value in EC2.items() if name != "instanceRole"}, "instanceRole"),
        ({**EC2, "type": "FARGATE"}, "not applicable"),
    ],
)
def test_bad_environments_are_refused(desk: Desk, resources: dict[str, Any], named: str) -> None:
    """What EC2 and Fargate environments need and must not have, named in the message."""
    call = desk.batch.create_compute_environment
    assert named in refused(call, computeEnvironmentName="bad", type="MANAGED", computeResources=resources)


def test_a_queue_lives(desk: Desk) -> None:
    """Created, described, updated, disabled, deleted; its jobs are terminated."""
    order = [{"order": 1, "computeEnvironment": "ce"}]
    desk.batch.create_job_queue(jobQueueName="more", priority=5, computeEnvironmentOrder=order)
    job = desk.submit(jobQueue="more")
    desk.batch.update_job_queue(jobQueue="more", priority=6, state="DISABLED")
    found = desk.batch.describe_job_queues(jobQueues=["more"])["jobQueues"][0]
    assert (found["priority"], found["state"], found["status"]) == (6, "DISABLED", "VALID")
    assert found["computeEnvironmentOrder"][0]["computeEnvironment"].endswith(":compute-environment/ce")
    desk.batch.delete_job_queue(jobQueue="more")
    desk.until(job, "FAILED")
    assert desk.batch.describe_job_queues(jobQueues=["more"])["jobQueues"] == []


def test_bad_queues_are_refused(desk: Desk) -> None:
    """No environment, four of them, an unknown one, EC2 beside Fargate, a name twice, one that is enabled."""
    fargate = {"type": "FARGATE", "maxvCpus": 4, "subnets": ["s"], "securityGroupIds": ["g"]}
    desk.batch.create_compute_environment(
        computeEnvironmentName="fg", type="MANAGED", computeResources=fargate
    )
    create = desk.batch.create_job_queue

    def order(*names: str) -> list[dict[str, Any]]:
        return [{"order": place, "computeEnvironment": name} for place, name in enumerate(names)]

    bad = {"jobQueueName": "bad", "priority": 1}
    assert "1 to 3" in refused(create, **bad, computeEnvironmentOrder=[])
    assert "1 to 3" in refused(create, **bad, computeEnvironmentOrder=order("ce", "ce", "ce", "ce"))
    assert "does not exist" in refused(create, **bad, computeEnvironmentOrder=order("nowhere"))
    assert "must not mix" in refused(create, **bad, computeEnvironmentOrder=order("ce", "fg"))
    assert "already exists" in refused(
        create, jobQueueName="q", priority=1, computeEnvironmentOrder=order("ce")
    )
    assert "DISABLED first" in refused(desk.batch.delete_job_queue, jobQueue="q")


def test_time_limit_actions_are_checked(desk: Desk) -> None:
    """600 to 86,400 seconds, CANCEL, and a reason that AWS knows."""
    action = {"reason": "CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY", "state": "RUNNABLE", "action": "CANCEL"}
    update = desk.batch.update_job_queue
    actions = [{**action, "maxTimeSeconds": 599}]
    assert "maxTimeSeconds" in refused(update, jobQueue="q", jobStateTimeLimitActions=actions)
    actions = [{**action, "maxTimeSeconds": 600, "reason": "UNDETERMINED"}]
    assert "reason" in refused(update, jobQueue="q", jobStateTimeLimitActions=actions)
    update(jobQueue="q", jobStateTimeLimitActions=[{**action, "maxTimeSeconds": 600}])
    found = desk.batch.describe_job_queues(jobQueues=["q"])["jobQueues"][0]
    assert found["jobStateTimeLimitActions"][0]["maxTimeSeconds"] == 600


def test_definitions_have_revisions(desk: Desk) -> None:
    """Each registration is a revision; a name means the newest active one; a deregistered one takes no
    jobs.
    """
    second = desk.define("work", ["false"])
    assert second.endswith(":job-definition/work:2")
    job = desk.submit()
    assert desk.job(job)["jobDefinition"] == second
    desk.batch.deregister_job_definition(jobDefinition="work:2")
    assert desk.job(desk.submit())["jobDefinition"].endswith("work:1")
    listed = desk.batch.describe_job_definitions(jobDefinitionName="work")["jobDefinitions"]
    assert [(each["revision"], each["status"]) for each in listed] == [(1, "ACTIVE"), (2, "INACTIVE")]
    assert len(desk.batch.describe_job_definitions(status="ACTIVE")["jobDefinitions"]) == 1
    assert len(desk.batch.describe_job_definitions(jobDefinitions=[second])["jobDefinitions"]) == 1


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"retryStrategy": {"attempts": 11}}, "retryStrategy.attempts"),
        ({"retryStrategy": {"attempts": 0}}, "retryStrategy.attempts"),
        (
            {"retryStrategy": {"attempts": 2, "evaluateOnExit": [{"action": "EXIT", "onReason": "*"}] * 6}},
            "6 rules",
        ),
        (
            {"retryStrategy": {"evaluateOnExit": [{"action": "EXIT", "onReason": "*"}]}},
            "retryStrategy.attempts",
        ),
        ({"retryStrategy": {"attempts": 2, "evaluateOnExit": [{"action": "EXIT"}]}}, "onExitCode"),
        (
            {"retryStrategy": {"attempts": 2, "evaluateOnExit": [{"action": "EXIT", "onExitCode": "a"}]}},
            "evaluateOnExit.onExitCode",
        ),
        (
            {"retryStrategy": {"attempts": 2, "evaluateOnExit": [{"action": "EXIT", "onReason": "*a"}]}},
            "evaluateOnExit.onReason",
        ),
        (
            {
                "retryStrategy": {
                    "attempts": 2,
                    "evaluateOnExit": [{"action": "EXIT", "onStatusReason": "a-b"}],
                }
            },
            "evaluateOnExit.onStatusReason",
        ),
        ({"timeout": {"attemptDurationSeconds": 59}}, "timeout.attemptDurationSeconds"),
        ({"tags": {str(number): "x" for number in range(51)}}, "tags"),
    ],
)
def test_bad_rules_are_refused_in_definitions_and_submissions(
    desk: Desk, changes: dict[str, Any], named: str
) -> None:
    """The same limits hold where a definition is registered and where a job is submitted."""
    container = {"image": "i", "resourceRequirements": ONE_CPU}
    register = desk.batch.register_job_definition
    if len(changes.get("tags", {})) <= 50:
        message = refused(
            register, jobDefinitionName="bad", type="container", containerProperties=container, **changes
        )
        assert named in message
    message = refused(desk.batch.submit_job, jobName="j", jobQueue="q", jobDefinition="work", **changes)
    assert named in message


@pytest.mark.parametrize(
    ("container", "named"),
    [
        ({"image": "i", "resourceRequirements": ONE_CPU[:1]}, "VCPU and MEMORY"),
        ({"image": "i", "vcpus": 1, "memory": 3}, "at least 4"),
        ({"image": "i", "vcpus": 0, "memory": 4}, "above 0"),
        ({"image": "i", "resourceRequirements": [{"type": "VCPU", "value": "x"}]}, "must be a number"),
        ({"resourceRequirements": ONE_CPU}, "image"),
        (
            {"image": "i", "vcpus": 1, "memory": 4, "environment": [{"name": "AWS_BATCH_X", "value": "1"}]},
            "reserved",
        ),
        ({"image": "i", "vcpus": 1, "memory": 4, "command": ["x" * 25_000]}, "bytes"),
    ],
)
def test_bad_containers_are_refused(desk: Desk, container: dict[str, Any], named: str) -> None:
    """What a container must have, and its bounds."""
    register = desk.batch.register_job_definition
    message = refused(register, jobDefinitionName="bad", type="container", containerProperties=container)
    assert named in message


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"jobName": "a b"}, "jobName"),
        ({"jobName": "-a"}, "jobName"),
        ({"jobName": "a" * 129}, "jobName"),
        ({"jobQueue": "nowhere"}, "jobQueue"),
        ({"jobDefinition": "nothing"}, "jobDefinition"),
        ({"jobDefinition": "work:7"}, "jobDefinition"),
        ({"arrayProperties": {"size": 1}}, "arrayProperties.size"),
        ({"arrayProperties": {"size": 10_001}}, "arrayProperties.size"),
        ({"dependsOn": [{"jobId": "unknown"}]}, "dependsOn.jobId"),
        ({"dependsOn": [{}]}, "dependsOn.jobId"),
        ({"dependsOn": [{"jobId": "x"}] * 21}, "at most 20"),
        ({"dependsOn": [{"type": "SEQUENTIAL"}]}, "SEQUENTIAL"),
        ({"containerOverrides": {"command": ["x" * 8192]}}, "containerOverrides"),
        ({"parameters": {"p": "x" * 31_000}}, "at most 30720"),
        ({"nodeOverrides": {"numNodes": 2}}, "nodeOverrides"),
        ({"shareIdentifier": "s"}, "shareIdentifier"),
        ({"schedulingPriorityOverride": 10_000}, "schedulingPriorityOverride"),
        ({"containerOverrides": {"environment": [{"name": "AWS_BATCH_JOB_ID", "value": "x"}]}}, "reserved"),
    ],
)
def test_bad_submissions_are_refused(desk: Desk, changes: dict[str, Any], named: str) -> None:
    """Every limit of SubmitJob is a ClientException whose message names the field."""
    request = {"jobName": "j", "jobQueue": "q", "jobDefinition": "work", **changes}
    assert named in refused(desk.batch.submit_job, **request)
    assert desk.engine.scheduler.jobs == {}


def test_n_to_n_needs_equal_sizes(desk: Desk) -> None:
    """N_TO_N between arrays of different sizes, or with a job that is no array, is refused."""
    four = desk.submit(arrayProperties={"size": 4})
    single = desk.submit()
    for size, parent in ((3, four), (4, single)):
        message = refused(
            desk.batch.submit_job,
            jobName="j",
            jobQueue="q",
            jobDefinition="work",
            arrayProperties={"size": size},
            dependsOn=[{"jobId": parent, "type": "N_TO_N"}],
        )
        assert "same size" in message


def test_a_disabled_queue_takes_no_jobs(desk: Desk) -> None:
    """SubmitJob to a disabled queue is refused."""
    desk.batch.update_job_queue(jobQueue="q", state="DISABLED")
    assert "DISABLED" in refused(desk.batch.submit_job, jobName="j", jobQueue="q", jobDefinition="work")


def three_running_and_one_done(desk: Desk, hand: HandExecutor) -> list[str]:
    """The ids of load-0, load-1 and load-2, which run, and of `other`, which has succeeded."""
    ids = [desk.submit(f"load-{number}") for number in range(3)] + [desk.submit("other")]
    wait_for(lambda: all(desk.job(each)["status"] == "RUNNING" for each in ids))
    hand.end_job(0, ids[3])
    desk.until(ids[3], "SUCCEEDED")
    return ids


def filtered(desk: Desk, name: str, value: str) -> list[dict[str, Any]]:
    """The jobs of the queue that pass a filter."""
    found: list[dict[str, Any]] = desk.batch.list_jobs(
        jobQueue="q", filters=[{"name": name, "values": [value]}]
    )["jobSummaryList"]
    return found


def test_list_jobs_by_state_and_filter(desk: Desk, hand: HandExecutor) -> None:
    """By state (RUNNING unless asked), by name with an asterisk, by definition, by time."""
    ids = three_running_and_one_done(desk, hand)
    running = desk.batch.list_jobs(jobQueue="q")["jobSummaryList"]
    assert {job["jobId"] for job in running} == set(ids[:3])
    done = desk.batch.list_jobs(jobQueue="q", jobStatus="SUCCEEDED")["jobSummaryList"]
    assert [(job["jobName"], job["container"]["exitCode"]) for job in done] == [("other", 0)]
    named = filtered(desk, "JOB_NAME", "load-*")
    assert [job["jobName"] for job in named] == ["load-2", "load-1", "load-0"]
    assert [job["jobId"] for job in filtered(desk, "JOB_NAME", "OTHER")] == [ids[3]]
    arn = desk.batch.describe_job_definitions()["jobDefinitions"][0]["jobDefinitionArn"]
    for value in ("work", "wor*", arn):
        assert len(filtered(desk, "JOB_DEFINITION", value)) == 4
    created = str(desk.job(ids[0])["createdAt"] - 1)
    assert len(filtered(desk, "AFTER_CREATED_AT", created)) == 4


def test_list_jobs_in_pages_and_without_a_filter_that_exists(desk: Desk, hand: HandExecutor) -> None:
    """Pages hold what was asked for; no queue, and a filter that AWS does not have, are refused."""
    three_running_and_one_done(desk, hand)
    pages = desk.batch.get_paginator("list_jobs").paginate(jobQueue="q", PaginationConfig={"PageSize": 1})
    assert len([job for page in pages for job in page["jobSummaryList"]]) == 3
    assert "exactly one" in refused(desk.batch.list_jobs)
    assert "filters.name" in refused(
        desk.batch.list_jobs, jobQueue="q", filters=[{"name": "X", "values": ["y"]}]
    )


def test_children_are_listed_and_described(desk: Desk, hand: HandExecutor) -> None:
    """An array's children by state, each with its index; the parent with its statusSummary."""
    parent = desk.submit(arrayProperties={"size": 6})
    wait_for(lambda: len(hand.tasks) == 4)
    hand.end_job(0, f"{parent}:0")
    desk.until(f"{parent}:0", "SUCCEEDED")
    done = desk.batch.list_jobs(arrayJobId=parent, jobStatus="SUCCEEDED")["jobSummaryList"]
    assert [(job["jobId"], job["arrayProperties"]) for job in done] == [(f"{parent}:0", {"index": 0})]
    summary = desk.job(parent)["arrayProperties"]
    assert (summary["size"], summary["statusSummary"]["SUCCEEDED"], summary["statusSummary"]["RUNNABLE"]) == (
        6,
        1,
        1,
    )
    assert desk.job(f"{parent}:3")["arrayProperties"]["index"] == 3
    assert desk.batch.describe_jobs(jobs=[f"{parent}:6", "nothing", f"{parent}#1"])["jobs"] == []
    assert "at most 100" in refused(desk.batch.describe_jobs, jobs=["x"] * 101)


def test_cancel_and_terminate(desk: Desk, hand: HandExecutor) -> None:
    """Cancel leaves what runs, terminate ends it with the reason that was given; both in bulk too."""
    job = desk.submit()
    desk.until(job, "RUNNING")
    desk.batch.cancel_job(jobId=job, reason="changed my mind")
    assert desk.job(job)["status"] == "RUNNING"
    desk.batch.terminate_job(jobId=job, reason="enough")
    ended = desk.until(job, "FAILED")
    assert (ended["statusReason"], ended["isTerminated"]) == ("enough", True)
    desk.batch.terminate_job(jobId="nothing", reason="x")
    desk.batch.cancel_job(jobId="nothing", reason="x")
    others = [desk.submit(), desk.submit()]
    answer = desk.batch.terminate_jobs(jobs=[*others, "nothing"], reason="all")
    assert (answer["successful"], answer["errors"]) == ([*others, "nothing"], [])
    assert "at most 50" in refused(desk.batch.cancel_jobs, jobs=["x"] * 51, reason="x")


def test_tags_of_everything(desk: Desk) -> None:
    """Tags are set, listed and removed on each kind of resource and on jobs."""
    arns = [
        desk.batch.describe_compute_environments()["computeEnvironments"][0]["computeEnvironmentArn"],
        desk.batch.describe_job_queues()["jobQueues"][0]["jobQueueArn"],
        desk.batch.describe_job_definitions()["jobDefinitions"][0]["jobDefinitionArn"],
        desk.job(desk.submit(tags={"old": "1"}))["jobArn"],
    ]
    for arn in arns:
        desk.batch.tag_resource(resourceArn=arn, tags={"new": "2"})
        assert desk.batch.list_tags_for_resource(resourceArn=arn)["tags"]["new"] == "2"
        desk.batch.untag_resource(resourceArn=arn, tagKeys=["new", "old"])
        assert "new" not in desk.batch.list_tags_for_resource(resourceArn=arn)["tags"]
    assert "does not exist" in refused(desk.batch.list_tags_for_resource, resourceArn=arns[0] + "x")


def test_fair_share_queues(desk: Desk) -> None:
    """A queue with a scheduling policy wants a share identifier; the policy cannot go while it is used."""
    policy = {"shareDistribution": [{"shareIdentifier": "a*", "weightFactor": 0.5}], "shareDecaySeconds": 60}
    arn = desk.batch.create_scheduling_policy(name="fair", fairsharePolicy=policy)["arn"]
    order = [{"order": 1, "computeEnvironment": "ce"}]
    desk.batch.create_job_queue(
        jobQueueName="fq", priority=2, computeEnvironmentOrder=order, schedulingPolicyArn=arn
    )
    request = {"jobName": "j", "jobQueue": "fq", "jobDefinition": "work"}
    assert "shareIdentifier" in refused(desk.batch.submit_job, **request)
    desk.batch.submit_job(**request, shareIdentifier="a1")
    for _ in range(9):
        desk.batch.submit_job(**request, shareIdentifier="b")
    snapshot = desk.batch.get_job_queue_snapshot(jobQueue="fq")
    assert len(snapshot["frontOfQueue"]["jobs"]) == 6
    assert snapshot["queueUtilization"]["fairshareUtilization"]["activeShareCount"] == 2
    assert desk.batch.list_scheduling_policies()["schedulingPolicies"] == [{"arn": arn}]
    desk.batch.update_scheduling_policy(arn=arn, fairsharePolicy={"computeReservation": 10})
    assert desk.batch.describe_scheduling_policies(arns=[arn])["schedulingPolicies"][0]["name"] == "fair"
    assert "JobQueue" in refused(desk.batch.delete_scheduling_policy, arn=arn)
    assert "computeReservation" in refused(
        desk.batch.create_scheduling_policy, name="x", fairsharePolicy={"computeReservation": 100}
    )


def test_consumable_resources(desk: Desk, hand: HandExecutor) -> None:
    """A job waits for a consumable resource; its quantities and its jobs are described."""
    desk.batch.create_consumable_resource(consumableResourceName="seat", totalQuantity=1)
    needs = {"consumableResourceList": [{"consumableResource": "seat", "quantity": 1}]}
    desk.define("seated", ["true"], consumableResourceProperties=needs)
    first, second = desk.submit("one", "seated"), desk.submit("two", "seated")
    desk.until(first, "RUNNING")
    seat = desk.batch.describe_consumable_resource(consumableResource="seat")
    assert (seat["totalQuantity"], seat["inUseQuantity"], seat["availableQuantity"]) == (1, 1, 0)
    jobs = desk.batch.list_jobs_by_consumable_resource(consumableResource="seat")["jobs"]
    assert {(job["jobName"], job["jobStatus"]) for job in jobs} == {("one", "RUNNING"), ("two", "RUNNABLE")}
    hand.end(0)
    desk.until(second, "RUNNING")
    desk.batch.update_consumable_resource(consumableResource="seat", operation="ADD", quantity=4)
    assert desk.batch.list_consumable_resources()["consumableResources"][0]["totalQuantity"] == 5
    desk.batch.delete_consumable_resource(consumableResource="seat")
    assert "does not exist" in refused(
        desk.batch.submit_job, jobName="j", jobQueue="q", jobDefinition="seated"
    )


def test_the_request_is_checked_by_the_model(desk: Desk) -> None:
    """A value that is none of an enumeration's is refused with the field's name."""
    assert "type" in refused(desk.batch.register_job_definition, jobDefinitionName="d", type="magic")


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"ulimits": [{"name": "nofile", "softLimit": 1, "hardLimit": 1}]}, "ulimits"),
        ({"privileged": True}, "privileged"),
        ({"volumes": [{"name": "v", "host": {"sourcePath": "/srv"}}]}, "sourcePath"),
        ({"ephemeralStorage": {"sizeInGiB": 20}}, "sizeInGiB"),
        (
            {"resourceRequirements": [{"type": "VCPU", "value": "32"}, {"type": "MEMORY", "value": "65536"}]},
            "MEMORY",
        ),
        ({"resourceRequirements": [*ONE_CPU, {"type": "GPU", "value": "1"}]}, "MEMORY"),
    ],
)
def test_fargate_has_nothing_of_a_machine(desk: Desk, more: dict[str, Any], says: str) -> None:
    """Limits, folders of a host, other disks and other sizes are refused in a definition for Fargate."""
    sizes = [{"type": "VCPU", "value": "1"}, {"type": "MEMORY", "value": "2048"}]
    container = {
        "image": "i",
        "executionRoleArn": "arn:aws:iam::1:role/r",
        "resourceRequirements": sizes,
        **more,
    }
    register = {"jobDefinitionName": "fg", "type": "container", "platformCapabilities": ["FARGATE"]}
    assert says in refused(desk.batch.register_job_definition, **register, containerProperties=container)


def test_machines_have_nothing_of_fargate(desk: Desk) -> None:
    """A definition for EC2 names no address and no disk of a task."""
    for name, value in (
        ("networkConfiguration", {"assignPublicIp": "ENABLED"}),
        ("ephemeralStorage", {"sizeInGiB": 30}),
    ):
        container = {"image": "i", "resourceRequirements": ONE_CPU, name: value}
        assert name in refused(
            desk.batch.register_job_definition,
            jobDefinitionName="d",
            type="container",
            containerProperties=container,
        )


def test_an_unmanaged_environment_needs_a_role_and_no_machines(desk: Desk) -> None:
    """Batch takes its service-linked role for managed environments only."""
    create = desk.batch.create_compute_environment
    assert "serviceRole" in refused(create, computeEnvironmentName="own", type="UNMANAGED")
    role = "arn:aws:iam::000000000000:role/batch"
    asked = {"computeEnvironmentName": "own", "type": "UNMANAGED", "serviceRole": role}
    assert "computeResources" in refused(create, **asked, computeResources=EC2)
    create(**asked)


def test_fargate_sizes_are_checked(desk: Desk) -> None:
    """Fargate has its own combinations of vCPUs and memory, in definitions and overrides, and a queue of its
    kind.
    """
    fargate = {"type": "FARGATE", "maxvCpus": 4, "subnets": ["s"], "securityGroupIds": ["g"]}
    desk.batch.create_compute_environment(
        computeEnvironmentName="fg", type="MANAGED", computeResources=fargate
    )
    order = [{"order": 1, "computeEnvironment": "fg"}]
    desk.batch.create_job_queue(jobQueueName="fq", priority=1, computeEnvironmentOrder=order)

    def container(cpus: str, memory: str) -> dict[str, Any]:
        requirements = [{"type": "VCPU", "value": cpus}, {"type": "MEMORY", "value": memory}]
        return {
            "image": "i",
            "executionRoleArn": "arn:aws:iam::1:role/r",
            "resourceRequirements": requirements,
        }

    register = {"jobDefinitionName": "fg", "type": "container", "platformCapabilities": ["FARGATE"]}
    call = desk.batch.register_job_definition
    assert "VCPU" in refused(call, **register, containerProperties=container("3", "2048"))
    assert "MEMORY" in refused(call, **register, containerProperties=container("1", "512"))
    without_role = {**container("0.25", "512"), "executionRoleArn": ""}
    assert "executionRoleArn" in refused(call, **register, containerProperties=without_role)
    call(**register, containerProperties=container("0.25", "512"))
    submit = desk.batch.submit_job
    assert "platformCapabilities" in refused(submit, jobName="j", jobQueue="q", jobDefinition="fg")
    assert "platformCapabilities" in refused(submit, jobName="j", jobQueue="fq", jobDefinition="work")
    larger = {"resourceRequirements": [{"type": "VCPU", "value": "4"}]}
    request = {"jobName": "j", "jobQueue": "fq", "jobDefinition": "fg"}
    assert "MEMORY" in refused(submit, **request, containerOverrides=larger)
    desk.until(submit(**request)["jobId"], "RUNNING")


def test_too_many_propagated_tags_fail_the_job(desk: Desk) -> None:
    """More than 50 tags of job and definition together are accepted and fail the job, with propagateTags
    only.
    """
    desk.define("tagged", ["true"], tags={f"d{number}": "x" for number in range(30)})
    tags = {f"j{number}": "x" for number in range(30)}
    assert desk.job(desk.submit(definition="tagged", tags=tags))["status"] != "FAILED"
    failed = desk.job(desk.submit(definition="tagged", tags=tags, propagateTags=True))
    assert (failed["status"], "60 tags" in failed["statusReason"]) == ("FAILED", True)


def test_retry_actions_are_not_case_sensitive(desk: Desk, hand: HandExecutor) -> None:
    """`exit` is as good as `EXIT`."""
    rules = [{"action": "exit", "onExitCode": "3"}]
    job = desk.submit(retryStrategy={"attempts": 2, "evaluateOnExit": rules})
    desk.until(job, "RUNNING")
    hand.end(3)
    assert len(desk.until(job, "FAILED")["attempts"]) == 1


def test_what_the_engine_lacks_is_refused_at_once(desk: Desk) -> None:
    """EKS, managed instances, service environments and quota shares are no silent successes."""
    batch = desk.batch
    eks = {"eksClusterArn": "arn:aws:eks:us-east-1:1:cluster/c", "kubernetesNamespace": "n"}
    managed = {"type": "ECS_MANAGED_INSTANCES", "maxvCpus": 4}
    create: dict[str, Any] = {"computeEnvironmentName": "x", "type": "MANAGED"}
    assert "EKS" in refused(
        batch.create_compute_environment, **create, computeResources=EC2, eksConfiguration=eks
    )
    assert "Managed Instances" in refused(
        batch.create_compute_environment, **create, computeResources=managed
    )
    order = [{"order": 1, "serviceEnvironment": "s"}]
    assert "service" in refused(
        batch.create_job_queue, jobQueueName="x", priority=1, serviceEnvironmentOrder=order
    )
    assert "service" in refused(batch.update_job_queue, jobQueue="q", serviceEnvironmentOrder=order)
    machines = [{"order": 1, "computeEnvironment": "ce"}]
    for kind in ("EKS", "SAGEMAKER_TRAINING"):
        queue: dict[str, Any] = {"jobQueueName": "x", "priority": 1, "jobQueueType": kind}
        assert kind in refused(batch.create_job_queue, **queue, computeEnvironmentOrder=machines)
    assert "EKS" in refused(batch.update_compute_environment, computeEnvironment="ce", eksConfiguration={})
    quota = {"idleResourceAssignmentStrategy": "FIFO"}
    assert "quota" in refused(batch.create_scheduling_policy, name="x", quotaSharePolicy=quota)
    tasks = {"taskProperties": [{"containers": [{"image": "i"}]}]}
    register = {"jobDefinitionName": "x", "type": "container"}
    assert "ecsProperties" in refused(batch.register_job_definition, **register, ecsProperties=tasks)


@pytest.mark.parametrize(
    ("target", "command", "named"),
    [
        ("0:0", "a", "Non matching targets - 0:0"),
        ("0:", "a", "Non matching targets - 0:"),
        ("1:2", "x" * 8192, "containerOverrides"),
    ],
)
def test_overrides_of_nodes_name_the_definitions_ranges(
    desk: Desk, target: str, command: str, named: str
) -> None:
    """Others are refused, even where they are the same nodes; each override has its limit."""
    container = {"image": "i", "command": ["true"], "resourceRequirements": ONE_CPU}
    ranges = [{"targetNodes": one, "container": container} for one in ("0", "1:2")]
    nodes = {"numNodes": 3, "mainNode": 0, "nodeRangeProperties": ranges}
    desk.batch.register_job_definition(jobDefinitionName="mnp", type="multinode", nodeProperties=nodes)
    override = {
        "nodePropertyOverrides": [{"targetNodes": target, "containerOverrides": {"command": [command]}}]
    }
    assert named in refused(
        desk.batch.submit_job, jobName="j", jobQueue="q", jobDefinition="mnp", nodeOverrides=override
    )
    override["nodePropertyOverrides"][0] = {"targetNodes": "1:2", "containerOverrides": {"command": ["a"]}}
    assert desk.batch.submit_job(jobName="j", jobQueue="q", jobDefinition="mnp", nodeOverrides=override)[
        "jobId"
    ]
