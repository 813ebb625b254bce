"""Jobs as the API describes them, from what the scheduler knows and what was submitted."""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING, Any, cast

from scheduler.jobs.job import WHOLE_JOB, Attempt, Job
from scheduler.reasons import EXITED
from scheduler.states import FAILED, NAMES, RUNNING, STARTING, SUCCEEDED

if TYPE_CHECKING:
    from local.batch.api.account import Account
    from local.batch.api.submission import Submission


def submission_of(job: Job) -> Submission:
    """What was submitted."""
    return cast("Submission", job.spec.info)


def child_id(job: Job, index: int | None) -> str:
    """The id of a job, of an array's child (`<id>:<n>`), or of a node (`<id>#<n>`)."""
    if index is None or not job.has_parent:
        return job.id
    return f"{job.id}{'#' if job.is_multi_node else ':'}{index}"


def task_id(job: Job, index: int, attempt: int) -> str:
    """The ECS task id of an attempt: 32 hexadecimal digits that follow from the attempt, so that none is
    stored.
    """
    return blake2b(f"{job.id}:{index}:{attempt}".encode(), digest_size=16).hexdigest()


def log_target(job: Job, index: int, attempt: int) -> tuple[str, str]:
    """The log group and stream of an attempt.

    `<prefix>/default/<task id>` in /aws/batch/job, where the job definition's name is the prefix unless its
    logConfiguration says otherwise: https://docs.aws.amazon.com/batch/latest/userguide/using_awslogs.html.
    """
    submission = submission_of(job)
    container = submission.containers[index if job.is_multi_node else 0]
    options = container.get("logConfiguration", {}).get("options", {})
    prefix = options.get("awslogs-stream-prefix", submission.definition_name)
    return options.get("awslogs-group", "/aws/batch/job"), f"{prefix}/default/{task_id(job, index, attempt)}"


def node_address(job: Job, node: int) -> str:
    """The private address of a node: on this machine a loopback address of its own, so that nodes really
    connect.

    All of 127.0.0.0/8 is this machine; 127.0.0.* is left to others.
    """
    first, second, third = blake2b(f"{job.id}#{node}".encode(), digest_size=3).digest()
    return f"127.{64 + first % 128}.{second}.{1 + third % 254}"


def job_detail(account: Account, job: Job, index: int | None) -> dict[str, Any]:
    """A JobDetail: https://docs.aws.amazon.com/batch/latest/APIReference/API_JobDetail.html."""
    if index is None and job.has_parent:
        return _parent_detail(account, job)
    child = index or 0
    detail = _base(account, job, index, job.states[child])
    attempts = job.attempts_of(child)
    detail["attempts"] = [
        _attempt(account, job, child, number, each) for number, each in enumerate(attempts, 1)
    ]
    detail["startedAt"] = job.started[child] or None
    detail["stoppedAt"] = job.stopped[child] or None
    detail["statusReason"] = status_reason(job, child)
    detail["container"] = _container(account, job, child, attempts)
    detail.update(_requested_ends(job, child))
    if job.is_array:
        detail["arrayProperties"] = {"index": child, "statusSummary": {}}
    if job.is_multi_node:
        # Of the whole job alone, as in recorded events: tests/local/batch/api/test_recorded_events.py.
        detail["nodeProperties"] = None
        detail["nodeDetails"] = {"nodeIndex": child, "isMainNode": child == job.spec.main_node}
    return present(detail)


def _requested_ends(job: Job, index: int) -> dict[str, Any]:
    """Whether a job was cancelled or terminated; AWS answers neither where it was not."""
    return {"isCancelled": index in job.cancelled or None, "isTerminated": index in job.terminated or None}


def present(values: dict[str, Any]) -> dict[str, Any]:
    """The members that have a value."""
    return {name: value for name, value in values.items() if value is not None}


def status_reason(job: Job, index: int) -> str | None:
    """Why a child is in the state that it is in."""
    reason = job.reason_of(index)
    return reason if reason or job.states[index] != SUCCEEDED else EXITED


def status_summary(job: Job) -> dict[str, int]:
    """How many children are in each state."""
    return dict(zip(NAMES, job.counts, strict=True))


def _parent_detail(account: Account, job: Job) -> dict[str, Any]:
    detail = _base(account, job, None, job.parent_status)
    main = job.spec.main_node
    attempts = job.attempts_of(main) if job.is_multi_node else []
    detail["attempts"] = [
        _attempt(account, job, main, number, each) for number, each in enumerate(attempts, 1)
    ]
    detail["startedAt"] = job.first_started or None
    detail["stoppedAt"] = job.stopped_at or None
    detail["statusReason"] = job.status_reason
    detail.update(_requested_ends(job, WHOLE_JOB))
    if job.is_array:
        detail["container"] = _bare_container(job, 0)
        detail["arrayProperties"] = {
            "size": job.size,
            "statusSummary": status_summary(job),
            "statusSummaryLastUpdatedAt": job.updated,
        }
    return present(detail)


def _base(account: Account, job: Job, index: int | None, status: int) -> dict[str, Any]:
    job_id = child_id(job, index)
    return {
        "jobArn": account.arn("job", job_id),
        "jobName": job.spec.name,
        "jobId": job_id,
        "jobQueue": job.spec.queue,
        "status": NAMES[status],
        "createdAt": job.created,
        **submission_of(job).described,
    }


def _bare_container(job: Job, index: int) -> dict[str, Any]:
    container = dict(submission_of(job).containers[index if job.is_multi_node else 0])
    container.setdefault("networkInterfaces", [])
    return container


def _container(account: Account, job: Job, index: int, attempts: list[Attempt]) -> dict[str, Any]:
    container = _bare_container(job, index)
    if job.states[index] in (STARTING, RUNNING):
        host = job.hosts[index].id if index in job.hosts else ""
        has_run = job.states[index] == RUNNING
        container.update(_placed(account, job, index, len(attempts) + 1, host, has_run=has_run))
    elif attempts:
        last = attempts[-1]
        container.update(_placed(account, job, index, len(attempts), last.host, has_run=last.started > 0))
        if job.states[index] in (SUCCEEDED, FAILED):
            container["exitCode"] = last.exit_code
            container["reason"] = last.reason
    return present(container)


def _attempt(account: Account, job: Job, index: int, number: int, attempt: Attempt) -> dict[str, Any]:
    placed = _placed(account, job, index, number, attempt.host, has_run=attempt.started > 0)
    return present(
        {
            "container": present({**placed, "exitCode": attempt.exit_code, "reason": attempt.reason}),
            "startedAt": attempt.started or None,
            "stoppedAt": attempt.stopped,
            "statusReason": attempt.status_reason,
        }
    )


def _placed(
    account: Account, job: Job, index: int, attempt: int, host: str, *, has_run: bool
) -> dict[str, Any]:
    """Where an attempt is. "Each container attempt receives a log stream name when they reach the RUNNING
    status": https://docs.aws.amazon.com/batch/latest/APIReference/API_ContainerDetail.html.
    """
    instance = blake2b(host.encode(), digest_size=16).hexdigest()
    ecs = f"arn:aws:ecs:{account.region}:{account.id}"
    return {
        "containerInstanceArn": f"{ecs}:container-instance/AWSBatch/{instance}",
        "taskArn": f"{ecs}:task/AWSBatch/{task_id(job, index, attempt)}",
        "logStreamName": log_target(job, index, attempt)[1] if has_run else None,
        "networkInterfaces": [{"privateIpv4Address": node_address(job, index)}] if job.is_multi_node else [],
    }
