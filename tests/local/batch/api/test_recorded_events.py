"""Our events have the fields and the types of those that real accounts have sent.

What the tables say was read off events that others recorded in October 2025, in the tests of
https://github.com/aws-samples/aws-batch-runtime-monitoring (jobs of a queue with fair share on EC2, of an
array's kind and of a multi-node one). Their definitions have ``ecsProperties``, so that the properties of the
container, its task and its log stand one level deeper than in ours.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from tests.local.batch.api.test_events import of
from tests.local.batch.conftest import ONE_CPU, Desk, HandExecutor, wait_for

ENVELOPE = {
    "version": str,
    "id": str,
    "detail-type": str,
    "source": str,
    "account": str,
    "time": str,
    "region": str,
    "resources": list,
    "detail": dict,
}
ALWAYS = {
    "jobArn": str,
    "jobName": str,
    "jobId": str,
    "jobQueue": str,
    "status": str,
    "shareIdentifier": str,
    "schedulingPriority": int,
    "attempts": list,
    "createdAt": int,
    "retryStrategy": dict,
    "dependsOn": list,
    "jobDefinition": str,
    "parameters": dict,
    "timeout": dict,
    "tags": dict,
    "propagateTags": bool,
    "platformCapabilities": list,
    "eksAttempts": list,
}
ONLY_FROM = {
    "startedAt": ("RUNNING", "SUCCEEDED", "FAILED"),
    "stoppedAt": ("SUCCEEDED", "FAILED"),
    "statusReason": ("SUCCEEDED", "FAILED"),
}
CONTAINER = {
    "command": list,
    "environment": list,
    "image": str,
    "mountPoints": list,
    "resourceRequirements": list,
    "secrets": list,
    "ulimits": list,
    "networkInterfaces": list,
    "volumes": list,
}
CONTAINER_ONLY_FROM = {
    "containerInstanceArn": ("STARTING", "RUNNING", "SUCCEEDED", "FAILED"),
    "taskArn": ("STARTING", "RUNNING", "SUCCEEDED", "FAILED"),
    # AWS names the stream while the job is STARTING, when it need not exist yet. Here it is named when it
    # exists: who relies on the earlier name would fail on AWS now and then.
    "logStreamName": ("RUNNING", "SUCCEEDED", "FAILED"),
    "exitCode": ("SUCCEEDED", "FAILED"),
}
ATTEMPT = {"startedAt": int, "stoppedAt": int, "statusReason": str, "container": dict}
ATTEMPTS_CONTAINER = {
    "containerInstanceArn": str,
    "taskArn": str,
    "exitCode": int,
    "logStreamName": str,
    "networkInterfaces": list,
}


def assert_types(found: dict[str, Any], expected: Mapping[str, type]) -> None:
    """Check that all members are there, with their types."""
    assert {name: type(found.get(name)) for name in expected} == expected


@pytest.fixture
def events(desk: Desk, hand: HandExecutor) -> dict[str, dict[str, Any]]:
    """The events of a job with a share, by the states that the recorded ones are of; and of a failed one."""
    policy = desk.batch.create_scheduling_policy(name="fair", fairsharePolicy={})["arn"]
    order = [{"order": 1, "computeEnvironment": "ce"}]
    desk.batch.create_job_queue(
        jobQueueName="fair", priority=1, computeEnvironmentOrder=order, schedulingPolicyArn=policy
    )
    container = {"image": "i", "command": ["true"], "resourceRequirements": ONE_CPU}
    desk.batch.register_job_definition(
        jobDefinitionName="tagged",
        type="container",
        containerProperties=container,
        platformCapabilities=["EC2"],
        propagateTags=True,
        parameters={"stressMinutes": "1"},
    )
    jobs = [
        desk.submit(
            definition="tagged",
            jobQueue="fair",
            shareIdentifier="blue",
            schedulingPriorityOverride=1,
            retryStrategy={"attempts": 1},
            timeout={"attemptDurationSeconds": 3600},
            tags={"team": "a"},
        )
        for _ in range(2)
    ]
    wait_for(lambda: len(hand.tasks) == 2)
    for job, exit_code in zip(jobs, (0, 1), strict=True):
        hand.end(
            exit_code,
            next(n for n, task in enumerate(hand.tasks) if task.variables["AWS_BATCH_JOB_ID"] == job),
        )
    for job in jobs:
        desk.until(job, "SUCCEEDED", "FAILED")
    wait_for(lambda: sum(len(of(desk, job)) for job in jobs) == 8)
    return {event["detail"]["status"]: event for job in jobs for event in of(desk, job)}


def test_the_envelope_and_the_detail_have_the_fields_and_types(events: dict[str, dict[str, Any]]) -> None:
    """In every state, and what is known later only from then on."""
    assert set(events) >= {"RUNNABLE", "STARTING", "RUNNING", "SUCCEEDED", "FAILED"}
    for status, event in events.items():
        assert_types(event, ENVELOPE)
        assert_types(event["detail"], ALWAYS)
        later = {name for name, states in ONLY_FROM.items() if status in states}
        assert {name for name in ONLY_FROM if name in event["detail"]} == later, status


def test_the_container_has_the_fields_and_types(events: dict[str, dict[str, Any]]) -> None:
    """Task and machine from its start, the log while it runs, the exit code from its end."""
    for status in ("RUNNABLE", "STARTING", "RUNNING", "SUCCEEDED", "FAILED"):
        container = events[status]["detail"]["container"]
        assert_types(container, CONTAINER)
        later = {name for name, states in CONTAINER_ONLY_FROM.items() if status in states}
        assert {name for name in CONTAINER_ONLY_FROM if name in container} == later, status


def test_an_attempt_is_listed_at_its_end(events: dict[str, dict[str, Any]]) -> None:
    """A running job has none yet; times are whole milliseconds."""
    assert events["RUNNABLE"]["detail"]["attempts"] == events["RUNNING"]["detail"]["attempts"] == []
    for status, exit_code in (("SUCCEEDED", 0), ("FAILED", 1)):
        detail = events[status]["detail"]
        [attempt] = detail["attempts"]
        assert_types(attempt, ATTEMPT)
        assert_types(attempt["container"], ATTEMPTS_CONTAINER)
        assert (attempt["container"]["exitCode"], attempt["startedAt"]) == (exit_code, detail["startedAt"])
        assert detail["statusReason"] == attempt["statusReason"] == "Essential container in task exited"


def test_tags_have_the_jobs_arn(events: dict[str, dict[str, Any]]) -> None:
    """Beside the job's own."""
    detail = events["RUNNING"]["detail"]
    assert detail["tags"] == {"team": "a", "resourceArn": detail["jobArn"]}


@pytest.fixture
def nodes(desk: Desk, hand: HandExecutor) -> dict[str, dict[str, Any]]:
    """The last events of a multi-node job and of its nodes, by their marks: the second node fails."""
    container = {"image": "i", "command": ["true"], "resourceRequirements": ONE_CPU}
    ranges = [{"targetNodes": "0:", "container": container}]
    desk.batch.register_job_definition(
        jobDefinitionName="mnp",
        type="multinode",
        nodeProperties={"numNodes": 2, "mainNode": 0, "nodeRangeProperties": ranges},
        timeout={"attemptDurationSeconds": 7200},
    )
    job = desk.submit(definition="mnp", tags={"team": "a"})
    wait_for(lambda: len(hand.tasks) == 2)
    hand.end_job(1, f"{job}#1")
    desk.until(f"{job}#1", "FAILED")
    hand.end_job(0, f"{job}#0")
    desk.until(job, "SUCCEEDED")
    wait_for(lambda: any(each["detail"]["status"] == "SUCCEEDED" for each in of(desk, job)))
    return {mark: of(desk, f"{job}{mark}")[-1]["detail"] for mark in ("", "#0", "#1")}


def test_events_of_nodes_have_the_fields_and_types(nodes: dict[str, dict[str, Any]]) -> None:
    """Which node it is, the whole job's timeout, a container in full, and nothing of the other nodes."""
    plain = {
        name: kind for name, kind in ALWAYS.items() if name not in ("shareIdentifier", "schedulingPriority")
    }
    for mark in ("#0", "#1"):
        node = nodes[mark]
        assert_types(node, {**plain, "nodeDetails": dict})
        assert node["nodeDetails"] == {"nodeIndex": int(mark[1]), "isMainNode": mark == "#0"}
        assert node["timeout"] == {"attemptDurationSeconds": 7200}
        assert "nodeProperties" not in node
        assert "resourceArn" not in node["tags"]
        assert_types(node["container"], CONTAINER)
        [attempt] = node["attempts"]
        assert_types(attempt, ATTEMPT)
        assert_types(attempt["container"], ATTEMPTS_CONTAINER)
    assert [nodes[mark]["status"] for mark in ("#0", "#1")] == ["SUCCEEDED", "FAILED"]


def test_the_event_of_the_whole_job_has_its_nodes(nodes: dict[str, dict[str, Any]]) -> None:
    """And no container."""
    assert nodes[""]["nodeProperties"]["numNodes"] == 2
    assert not {"nodeDetails", "container"} & nodes[""].keys()
    assert nodes[""]["tags"]["resourceArn"] == nodes[""]["jobArn"]
