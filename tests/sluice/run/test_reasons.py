"""AWS's reasons are notified in plain words."""

from __future__ import annotations

import pytest

from sluice.advance.batch_events import failure_reason, job_ended
from sluice.run.reasons import explain, explain_blocked_queue, missing_permission
from tests.sluice.graphs import RUN_ID


@pytest.mark.parametrize(
    ("status", "detail", "says"),
    [
        (
            "Essential container in task exited",
            "OutOfMemoryError: Container killed due to memory usage",
            "needed more memory",
        ),
        ("Job attempt duration exceeded timeout", "", "longer than its time-out"),
        (
            "Task failed to start",
            "CannotPullContainerError: pull access denied for nothing",
            "the image was not found",
        ),
        ("Task failed to start", "CannotPullContainerError: manifest unknown", "the image was not found"),
        (
            "Task failed to start",
            "CannotPullContainerError: net/http: request canceled",
            "the image could not be pulled",
        ),
        (
            "Task failed to start",
            "ResourceInitializationError: unable to pull secrets",
            "the container could not be prepared",
        ),
        ("Host EC2 (instance i-0) terminated.", "", "the machine was taken away"),
        ("Your Spot Task was interrupted.", "", "the machine was taken away"),
        ("Dependent Job failed", "", "a job that it waits for failed"),
        (
            "Essential container in task exited",
            "CannotInspectContainerError: Could not transition to inspecting; timed out after waiting 30s",
            "the machine lost track of the container",
        ),
        (
            "Task failed to start",
            "DockerTimeoutError: Could not transition to created; timed out after waiting 4m0s",
            "Docker on the machine did not answer in time",
        ),
        (
            "Canceled by JobStateTimeLimit action due to reason: MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT",
            "",
            "its queue was blocked: the job asks for more vCPUs, memory or GPUs",
        ),
        (
            "Canceled by JobStateTimeLimit action due to reason: CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY",
            "",
            "its queue was blocked: AWS has no",
        ),
    ],
)
def test_a_known_reason_has_plain_words_and_awss_own_behind_them(status: str, detail: str, says: str) -> None:
    """Both, so that nothing is lost."""
    reason = failure_reason({"statusReason": status, "container": {"reason": detail}})
    assert says in reason.partition(" (")[0]
    assert (detail or status) in reason


@pytest.mark.parametrize(
    ("code", "says"),
    [
        (3, "exit code 3"),
        (127, "its command was not found"),
        (139, "segmentation fault"),
        (132, "another type of CPU"),
        (135, "the shared memory (/dev/shm) is too small"),
        (136, "its arithmetic overflowed"),
        (75, "until its attempts were used up"),
    ],
)
def test_an_exit_code_says_what_it_usually_means(code: int, says: str) -> None:
    """As shells and kernels use them."""
    assert failure_reason({"container": {"exitCode": code}}).endswith(says)


def test_what_nobody_knows_is_told_as_it_is() -> None:
    """AWS may add reasons."""
    assert explain("Something new", "") is None
    assert failure_reason({"statusReason": "Something new"}) == "Something new"
    assert (
        explain_blocked_queue("MISCONFIGURATION:SOMETHING_NEW - look")
        == "a compute environment is set up so that the job cannot run"
    )
    assert explain_blocked_queue("waiting for its turn") is None


@pytest.mark.parametrize(
    ("text", "permission"),
    [
        (
            (
                "User: arn:aws:sts::1:assumed-role/r/s is not authorized to perform: s3:GetObject on"
                " resource: arn"
            ),
            "s3:GetObject",
        ),
        ("An error occurred (AccessDenied) when calling the PutObject operation: Access Denied", "PutObject"),
        (
            (
                "botocore…ClientError: An error occurred (UnauthorizedOperation) when calling the"
                " RunInstances operation"
            ),
            "RunInstances",
        ),
        ("ValueError: you are not authorized", None),
        ("", None),
    ],
)
def test_a_missing_permission_is_read_from_a_refusal(text: str, permission: str | None) -> None:
    """IAM names the action; where an answer does not, the call stands for it."""
    assert missing_permission("something else", text) == permission


@pytest.mark.parametrize(
    ("job", "seconds"),
    [
        ({"createdAt": 1000, "startedAt": 3500}, 2.5),
        ({"createdAt": 1000, "startedAt": 3500, "dependsOn": [{"jobId": "j"}]}, None),
        ({"createdAt": 1000, "startedAt": 3500, "arrayProperties": {"size": 2}}, None),
        ({"createdAt": 1000}, None),
        ({"createdAt": "soon", "startedAt": None}, None),
    ],
)
def test_the_wait_in_the_queue_is_that_of_jobs_that_wait_for_no_other(
    job: dict[str, object], seconds: float | None
) -> None:
    """A job with dependencies waits for those."""
    event = job_ended({"jobName": f"{RUN_ID}_a_0", "jobId": "j", "status": "SUCCEEDED", **job})
    assert event is not None
    assert event.queued_seconds == seconds
