"""What Batch and CloudWatch Logs know about a failed job: the log of the job, or of the first child or node that failed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from lambdas.consuming import logger
from sluice.batch_events import NODE_MARK
from sluice.clients import client

LINES = 12
_LINE_CHARACTERS = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Where a failed job logged, and its last lines."""

    log_group: str | None = None
    log_stream: str | None = None
    log_lines: tuple[str, ...] = ()


def gather(job_id: str, children: int, nodes: int = 0) -> Evidence:
    """Return what can be found; an alert goes out without it rather than not at all."""
    try:
        job = _failed_job(job_id, children, nodes)
        container = (job or {}).get("container", {})
        stream = container.get("logStreamName")
        if stream is None:
            return Evidence()
        group = container.get("logConfiguration", {}).get("options", {}).get("awslogs-group", "/aws/batch/job")
        return Evidence(log_group=group, log_stream=stream, log_lines=_last_lines(group, stream))
    except (ClientError, BotoCoreError) as error:
        logger.warning("The log of a failed job could not be read.", job=job_id, error=str(error))
        return Evidence()


def _failed_job(job_id: str, children: int, nodes: int) -> dict[str, Any] | None:
    batch = client("batch")
    if children > 1:
        failed = batch.list_jobs(arrayJobId=job_id, jobStatus="FAILED", maxResults=1)["jobSummaryList"]
        job_id = failed[0]["jobId"] if failed else job_id
    if nodes:
        job_id = _failed_node(batch, job_id)
    jobs: list[dict[str, Any]] = batch.describe_jobs(jobs=[job_id])["jobs"]
    return jobs[0] if jobs else None


def _failed_node(batch: Any, job_id: str) -> str:
    """Return the id of the node that failed first, or of the main node; those behind it may have been stopped only.

    Source: https://docs.aws.amazon.com/batch/latest/APIReference/API_ListJobs.html (multiNodeJobId)
    """
    failed = batch.list_jobs(multiNodeJobId=job_id, jobStatus="FAILED")["jobSummaryList"]
    first = min(failed, key=lambda node: node.get("stoppedAt") or float("inf"), default=None)
    return str(first["jobId"]) if first else f"{job_id}{NODE_MARK}0"


def _last_lines(group: str, stream: str) -> tuple[str, ...]:
    events = client("logs").get_log_events(logGroupName=group, logStreamName=stream, limit=LINES, startFromHead=False)["events"]
    return tuple(event["message"].rstrip()[:_LINE_CHARACTERS] for event in events[-LINES:])
