"""EventBridge events in the form that AWS documents."""

from __future__ import annotations

from typing import Any

from local.batch.api.shapes import fit
from tests.local.batch.conftest import Desk, HandExecutor, wait_for

# The keys of the example in https://docs.aws.amazon.com/batch/latest/userguide/batch_job_events.html.
_DOCUMENTED = {"version", "id", "detail-type", "source", "account", "time", "region", "resources", "detail"}
_DOCUMENTED_DETAIL = {
    "jobArn",
    "jobName",
    "jobId",
    "jobQueue",
    "status",
    "attempts",
    "createdAt",
    "retryStrategy",
    "dependsOn",
    "jobDefinition",
    "parameters",
    "container",
    "tags",
    "propagateTags",
    "platformCapabilities",
}
_DOCUMENTED_CONTAINER = {
    "image",
    "command",
    "volumes",
    "environment",
    "mountPoints",
    "ulimits",
    "networkInterfaces",
    "resourceRequirements",
    "secrets",
}


def of(desk: Desk, job_id: str) -> list[dict[str, Any]]:
    """The events of a job."""
    return [event for event in desk.events if event["detail"]["jobId"] == job_id]


def events_of_one_job(desk: Desk, hand: HandExecutor) -> tuple[str, list[dict[str, Any]]]:
    """The id and the events of a job that succeeded."""
    job = desk.submit(retryStrategy={"attempts": 2})
    wait_for(lambda: len(of(desk, job)) == 3)
    hand.end(0)
    wait_for(lambda: len(of(desk, job)) == 4)
    return job, of(desk, job)


def test_the_events_of_a_job(desk: Desk, hand: HandExecutor) -> None:
    """RUNNABLE, STARTING, RUNNING and the end, with what is known by then; none for SUBMITTED."""
    _, events = events_of_one_job(desk, hand)
    assert [event["detail"]["status"] for event in events] == ["RUNNABLE", "STARTING", "RUNNING", "SUCCEEDED"]
    assert "startedAt" not in events[0]["detail"]
    assert events[-1]["detail"]["container"]["exitCode"] == 0
    assert events[-1]["detail"]["attempts"][0]["container"]["exitCode"] == 0


def test_an_event_has_the_documented_form(desk: Desk, hand: HandExecutor) -> None:
    """The envelope, the resources and the members of the detail are those of AWS's example."""
    job, (first, *_) = events_of_one_job(desk, hand)
    assert set(first) == _DOCUMENTED
    kind = (first["detail-type"], first["source"], first["version"])
    assert kind == ("Batch Job State Change", "aws.batch", "0")
    assert first["resources"] == [f"arn:aws:batch:us-east-1:000000000000:job/{job}"]
    assert set(first["detail"]) >= _DOCUMENTED_DETAIL
    assert set(first["detail"]["container"]) >= _DOCUMENTED_CONTAINER
    assert first["detail"]["retryStrategy"] == {"attempts": 2, "evaluateOnExit": []}


def test_events_fit_the_model(desk: Desk, hand: HandExecutor) -> None:
    """Every detail is a JobDetail: no unknown member, none without a value."""
    parent = desk.submit(arrayProperties={"size": 2})
    wait_for(lambda: len(hand.tasks) == 2)
    hand.end(0, 0)
    hand.end(1, 1)
    wait_for(lambda: [event["detail"]["status"] for event in of(desk, parent)] == ["PENDING", "FAILED"])
    assert all(fit("JobDetail", event["detail"]) == event["detail"] for event in desk.events)


def test_an_array_tells_of_parent_and_children(desk: Desk, hand: HandExecutor) -> None:
    """The parent is PENDING and then ends, with size and statusSummary; each child has its index."""
    parent = desk.submit(arrayProperties={"size": 2})
    wait_for(lambda: len(hand.tasks) == 2)
    hand.end(0, 0)
    hand.end(0, 1)
    wait_for(lambda: [event["detail"]["status"] for event in of(desk, parent)] == ["PENDING", "SUCCEEDED"])
    properties = of(desk, parent)[1]["detail"]["arrayProperties"]
    assert (properties["size"], properties["statusSummary"]["SUCCEEDED"]) == (2, 2)
    child = of(desk, f"{parent}:1")
    assert {event["detail"]["arrayProperties"]["index"] for event in child} == {1}
    states = [event["detail"]["status"] for event in child]
    assert states == ["PENDING", "RUNNABLE", "STARTING", "RUNNING", "SUCCEEDED"]


def test_a_retry_tells_the_reason(desk: Desk, hand: HandExecutor) -> None:
    """A retried job goes back to RUNNABLE with the attempt and its reason in the event."""
    job = desk.submit(retryStrategy={"attempts": 2})
    desk.until(job, "RUNNING")
    hand.end(3)
    wait_for(lambda: len(of(desk, job)) == 6)
    again = of(desk, job)[3]["detail"]
    assert (again["status"], again["statusReason"]) == ("RUNNABLE", "Essential container in task exited")
    assert [attempt["container"]["exitCode"] for attempt in again["attempts"]] == [3]
    assert "startedAt" not in again


def test_a_blocked_queue_is_published(desk: Desk) -> None:
    """`Batch Job Queue Blocked` names job, queue and reason; DescribeJobs has the same reason."""
    requirements = [{"type": "VCPU", "value": "64"}]
    job = desk.submit(containerOverrides={"resourceRequirements": requirements})
    wait_for(lambda: any(event["detail-type"] == "Batch Job Queue Blocked" for event in desk.events))
    event = next(event for event in desk.events if event["detail-type"] == "Batch Job Queue Blocked")
    assert event["resources"] == [
        f"arn:aws:batch:us-east-1:000000000000:job/{job}",
        "arn:aws:batch:us-east-1:000000000000:job-queue/q",
    ]
    assert event["detail"]["status"] == "RUNNABLE"
    assert event["detail"]["statusReason"].startswith("MISCONFIGURATION:COMPUTE_ENVIRONMENT_MAX_RESOURCE - ")
    assert desk.job(job)["statusReason"] == event["detail"]["statusReason"]
