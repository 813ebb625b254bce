"""What Batch and CloudWatch Logs know about a failed job: how many children failed, and the log of the first
child, or node, that did.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from lambdas.consuming import logger
from sluice.advance.batch_events import NO_REASON, NODE_MARK, failure_reason
from sluice.aws.clients import client

LINES = 12
_LINE_CHARACTERS = 300
_DEFAULT_GROUP = "/aws/batch/job"

Job = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """How many children failed, which one, or which node, is looked at and why it failed, where it logged,
    and its last lines.
    """

    failed: int | None = None
    child: int | None = None
    child_reason: str | None = None
    node: int | None = None
    log_group: str | None = None
    log_stream: str | None = None
    log_lines: tuple[str, ...] = ()


def gather(job_id: str, children: int, nodes: int = 0) -> Evidence:
    """Return what can be found; an alert goes out without the rest rather than not at all."""
    evidence = Evidence()
    try:
        job, evidence = _failed_node(job_id) if nodes else _failed_job(job_id, children)
        evidence = _with_stream(evidence, job or {})
        if evidence.log_group and evidence.log_stream:
            evidence = replace(evidence, log_lines=_last_lines(evidence.log_group, evidence.log_stream))
    except (ClientError, BotoCoreError) as error:
        # A job that never started has a stream's name and no stream; Batch forgets jobs after some days.
        logger.warning("What is known of a failed job could not be read.", job=job_id, error=str(error))
    return evidence


def _failed_job(job_id: str, children: int) -> tuple[Job | None, Evidence]:
    """Return the job whose log tells most: for an array its first failed child, beside the array's own count
    of failures.
    """
    batch = client("batch")
    if children <= 1:
        jobs = batch.describe_jobs(jobs=[job_id])["jobs"]
        return (jobs[0] if jobs else None), Evidence()
    listed = batch.list_jobs(arrayJobId=job_id, jobStatus="FAILED", maxResults=1)["jobSummaryList"]
    child = listed[0]["jobId"] if listed else job_id
    found = {job["jobId"]: job for job in batch.describe_jobs(jobs=list({job_id, child}))["jobs"]}
    summary = (found.get(job_id, {}).get("arrayProperties") or {}).get("statusSummary") or {}
    evidence = Evidence(failed=summary.get("FAILED") or None)
    index, job = child.rpartition(":")[2], found.get(child)
    if listed and job is not None and index.isdecimal():
        reason = failure_reason(job)
        evidence = replace(evidence, child=int(index), child_reason=None if reason == NO_REASON else reason)
    return job, evidence


def _failed_node(job_id: str) -> tuple[Job | None, Evidence]:
    """Return the node that failed first, or the main node; those that ended later may have been stopped only.

    Source: https://docs.aws.amazon.com/batch/latest/APIReference/API_ListJobs.html (multiNodeJobId)
    """
    batch = client("batch")
    failed = batch.list_jobs(multiNodeJobId=job_id, jobStatus="FAILED")["jobSummaryList"]
    first = min(failed, key=lambda node: node.get("stoppedAt") or float("inf"), default=None)
    node_id = str(first["jobId"]) if first else f"{job_id}{NODE_MARK}0"
    jobs = batch.describe_jobs(jobs=[node_id])["jobs"]
    return (jobs[0] if jobs else None), Evidence(node=int(node_id.rpartition(NODE_MARK)[2]) if jobs else None)


def _with_stream(evidence: Evidence, job: Job) -> Evidence:
    container = job.get("container") or {}
    stream = container.get("logStreamName")
    if not stream:
        return evidence
    options = (container.get("logConfiguration") or {}).get("options") or {}
    return replace(evidence, log_group=options.get("awslogs-group", _DEFAULT_GROUP), log_stream=stream)


def _last_lines(group: str, stream: str) -> tuple[str, ...]:
    events = client("logs").get_log_events(
        logGroupName=group, logStreamName=stream, limit=LINES, startFromHead=False
    )["events"]
    return tuple(event["message"].rstrip()[:_LINE_CHARACTERS] for event in events[-LINES:])
