"""GetJobQueueSnapshot: who stands at the front of a queue, and who uses its capacity."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from local.batch.api.describe import child_id
from scheduler.queues.fair_share import FairShare

if TYPE_CHECKING:
    from local.batch.api.account import Account


def snapshot(account: Account, params: dict[str, Any]) -> dict[str, Any]:
    """The first 100 RUNNABLE jobs of a queue.

    https://docs.aws.amazon.com/batch/latest/APIReference/API_GetJobQueueSnapshot.html
    """
    queue = account.scheduler.queues[account.queue(params["jobQueue"])["jobQueueArn"]]
    now = account.clock()
    front = [
        {"jobArn": account.arn("job", child_id(job, index)), "earliestTimeAtPosition": job.queued_since}
        for job, index in queue.run_queue.front(100)
    ]
    answer: dict[str, Any] = {"frontOfQueue": {"jobs": front, "lastUpdatedAt": now}}
    if isinstance(queue.run_queue, FairShare):
        answer["queueUtilization"] = _utilization(queue.run_queue, now)
    return answer


def _utilization(run_queue: FairShare, now: int) -> dict[str, Any]:
    holdings = sorted(run_queue.holdings().items(), key=lambda each: -each[1])
    shares = [{"shareIdentifier": name, "capacityUsage": [_cpus(held)]} for name, held in holdings]
    return {
        "totalCapacityUsage": [_cpus(sum(held for _, held in holdings))],
        "fairshareUtilization": {"activeShareCount": len(shares), "topCapacityUtilization": shares[:20]},
        "lastUpdatedAt": now,
    }


def _cpus(milli_cpus: int) -> dict[str, Any]:
    return {"capacityUnit": "VCPU", "quantity": milli_cpus / 1000}
