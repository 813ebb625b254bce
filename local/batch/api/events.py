"""EventBridge events of jobs and queues.

https://docs.aws.amazon.com/batch/latest/userguide/batch_job_events.html
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from local.batch.api.describe import job_detail
from scheduler.states import NAMES, RUNNABLE, RUNNING, STARTING, SUCCEEDED

if TYPE_CHECKING:
    from local.batch.api.account import Account
    from scheduler.effects import QueueBlocked, StateChange


def state_change(account: Account, change: StateChange) -> dict[str, Any]:
    """A `Batch Job State Change` event; its detail is the JobDetail of the moment of the change."""
    detail = job_detail(account, change.job, change.child)
    detail["status"] = NAMES[change.status]
    if change.status < SUCCEEDED:
        _take_back(detail, change)
    _add_what_events_have(detail)
    return _event(account, "Batch Job State Change", change.at, [detail["jobArn"]], detail)


def _add_what_events_have(detail: dict[str, Any]) -> None:
    """Add what the events of real accounts have of every job, and DescribeJobs has not: the attempts of jobs
    on EKS, and the job's own ARN among its tags, but for a node's, which has none of its own.

    Seen in the recorded events of https://github.com/aws-samples/aws-batch-runtime-monitoring.
    """
    detail["eksAttempts"] = []
    if "nodeDetails" not in detail:
        detail["tags"] = {**detail.get("tags", {}), "resourceArn": detail["jobArn"]}


def _take_back(detail: dict[str, Any], change: StateChange) -> None:
    """What has happened since the change does not belong into its event."""
    detail["attempts"] = detail["attempts"][: change.attempts]
    detail.pop("stoppedAt", None)
    detail.pop("statusReason", None)
    if change.reason is not None:
        detail["statusReason"] = change.reason
    if change.status < RUNNING:
        detail.pop("startedAt", None)
        detail.get("container", {}).pop("logStreamName", None)
    if change.status < STARTING:
        for name in ("containerInstanceArn", "taskArn"):
            detail.get("container", {}).pop(name, None)
    for name in ("exitCode", "reason"):
        detail.get("container", {}).pop(name, None)


def queue_blocked(account: Account, blocked: QueueBlocked) -> dict[str, Any]:
    """A `Batch Job Queue Blocked` event.

    https://docs.aws.amazon.com/batch/latest/userguide/batch-job-queue-blocked-events.html
    """
    job = blocked.job
    detail = job_detail(account, job, blocked.child if job.is_array else None)
    detail["status"], detail["statusReason"] = NAMES[RUNNABLE], blocked.reason
    _add_what_events_have(detail)
    resources = [detail["jobArn"], job.spec.queue]
    return _event(account, "Batch Job Queue Blocked", blocked.at, resources, detail)


def _event(
    account: Account, kind: str, at: int, resources: list[str], detail: dict[str, Any]
) -> dict[str, Any]:
    return {
        "version": "0",
        "id": str(uuid4()),
        "detail-type": kind,
        "source": "aws.batch",
        "account": account.id,
        "time": datetime.fromtimestamp(at / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "region": account.region,
        "resources": resources,
        "detail": detail,
    }
