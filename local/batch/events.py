"""EventBridge events of jobs.

https://docs.aws.amazon.com/batch/latest/userguide/batch_job_events.html
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from local.batch.describe import job_detail
from local.batch.shapes import fit, service
from local.batch.states import NAMES, RUNNING, SUCCEEDED

if TYPE_CHECKING:
    from local.batch.account import Account
    from local.batch.effects import StateChange


def state_change(account: Account, change: StateChange) -> dict[str, Any]:
    """A `Batch Job State Change` event; its detail is the JobDetail of the moment of the change."""
    detail = job_detail(account, change.job, change.child)
    detail["status"] = NAMES[change.status]
    if change.status < SUCCEEDED:
        detail["stoppedAt"] = None
        detail["statusReason"] = change.reason
        detail["attempts"] = detail["attempts"][: change.attempts]
        detail.get("container", {}).pop("exitCode", None)
        detail.get("container", {}).pop("reason", None)
    if change.status < RUNNING:
        detail["startedAt"] = None
    return {
        "version": "0",
        "id": str(uuid4()),
        "detail-type": "Batch Job State Change",
        "source": "aws.batch",
        "account": account.id,
        "time": datetime.fromtimestamp(change.at / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "region": account.region,
        "resources": [detail["jobArn"]],
        "detail": fit(service().shape_for("JobDetail"), detail),
    }
