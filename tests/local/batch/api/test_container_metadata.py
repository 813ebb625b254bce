"""What the ECS agent says of tasks that are in flight."""

from __future__ import annotations

from typing import Any

from tests.local.batch.conftest import ONE_CPU, Desk, HandExecutor, wait_for

# The members of the example that AWS documents, but for times, images' digests and the family:
# https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-metadata-endpoint-v4-examples.html.
DOCUMENTED = {
    "DockerId": str,
    "Name": str,
    "Image": str,
    "Labels": dict,
    "DesiredStatus": str,
    "KnownStatus": str,
    "Limits": dict,
    "Type": str,
    "LogDriver": str,
    "LogOptions": dict,
    "ContainerARN": str,
}


def container_of(desk: Desk, hand: HandExecutor, place: int = -1) -> dict[str, Any]:
    """The one container of a task, by the order of the tasks' starts."""
    found = desk.engine.task(hand.tasks[place].id)
    assert found is not None
    [container] = found["Containers"]
    return dict(container)


def test_a_container_has_the_documented_members(desk: Desk, hand: HandExecutor) -> None:
    """With the task, the log and the limits that DescribeJobs has."""
    described = desk.until(desk.submit(), "RUNNING")["container"]
    container = container_of(desk, hand)
    assert {name: type(value) for name, value in container.items()} == DOCUMENTED
    assert container["Labels"]["com.amazonaws.ecs.task-arn"] == described["taskArn"]
    options = container["LogOptions"]
    assert options["awslogs-stream"] == described["logStreamName"]
    assert (options["awslogs-group"], options["awslogs-region"]) == ("/aws/batch/job", "us-east-1")
    assert container["Limits"] == {"CPU": 1024, "Memory": 512}


def test_a_task_says_where_it_runs(desk: Desk, hand: HandExecutor) -> None:
    """On EC2 here, under its own ARN; children and nodes have each their own."""
    described = desk.until(desk.submit(), "RUNNING")["container"]
    task = desk.engine.task(hand.tasks[-1].id)
    assert task is not None
    assert (task["TaskARN"], task["LaunchType"]) == (described["taskArn"], "EC2")
    ranges = [{"targetNodes": "0:", "container": {"image": "i", "resourceRequirements": ONE_CPU}}]
    nodes = {"numNodes": 2, "mainNode": 0, "nodeRangeProperties": ranges}
    desk.batch.register_job_definition(jobDefinitionName="mnp", type="multinode", nodeProperties=nodes)
    desk.submit(definition="mnp")
    wait_for(lambda: len(hand.tasks) == 3)
    assert container_of(desk, hand, -1)["DockerId"] != container_of(desk, hand, -2)["DockerId"]


def test_another_log_driver_has_no_options_of_awslogs(desk: Desk, hand: HandExecutor) -> None:
    """The driver is named."""
    desk.define("files", ["true"], container={"logConfiguration": {"logDriver": "json-file"}})
    desk.until(desk.submit(definition="files"), "RUNNING")
    container = container_of(desk, hand)
    assert container["LogDriver"] == "json-file"
    assert "LogOptions" not in container


def test_a_task_that_ended_is_unknown(desk: Desk, hand: HandExecutor) -> None:
    """As one that never was."""
    job = desk.submit()
    desk.until(job, "RUNNING")
    hand.end(0)
    desk.until(job, "SUCCEEDED")
    assert desk.engine.task(hand.tasks[-1].id) is None
    assert desk.engine.task("nothing") is None
