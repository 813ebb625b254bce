"""Reads from Batch and CloudWatch Logs why a job failed: how many children failed, and the log of the first
child, or node, that did.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from botocore.exceptions import BotoCoreError, ClientError

from lambdas.consuming import logger
from sluice.advance.batch_events import NO_REASON, NODE_MARK, failure_reason
from sluice.aws.batch_jobs import Job, describe_jobs, list_jobs
from sluice.aws.clients import client

LINES = 12
_LINE_CHARACTERS = 2_000
"""A refusal of AWS fits, which names the caller before what was refused; an e-mail shows less of a line."""
_DEFAULT_GROUP = "/aws/batch/job"


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """How many children failed; one of them, or a node, with its reason, its log stream and the last lines of
    its log.
    """

    failed: int | None = None
    child: int | None = None
    child_reason: str | None = None
    node: int | None = None
    log_group: str | None = None
    log_stream: str | None = None
    log_lines: tuple[str, ...] = ()


def gather(job_id: str, children: int, nodes: int = 0) -> Evidence:
    """Return the evidence that can be read; an alert without it is better than none."""
    evidence = Evidence()
    try:
        job, evidence = _failed_node(job_id) if nodes else _failed_job(job_id, children)
        evidence = _with_stream(evidence, job or {})
        if evidence.log_group and evidence.log_stream:
            evidence = replace(evidence, log_lines=_last_lines(evidence.log_group, evidence.log_stream))
    except (ClientError, BotoCoreError) as error:
        # A job that never started has a stream's name and no stream; Batch forgets jobs after some days.
        logger.warning("The evidence of a failed job could not be read.", job=job_id, error=str(error))
    return evidence


def _failed_job(job_id: str, children: int) -> tuple[Job | None, Evidence]:
    """Return the job whose log explains most: of an array its first failed child."""
    if children > 1:
        return _failed_child(job_id)
    return next(describe_jobs(client("batch"), [job_id]), None), Evidence()


def _failed_child(job_id: str) -> tuple[Job | None, Evidence]:
    """Return the first failed child of an array, or the array, with the array's number of failed children."""
    batch = client("batch")
    listed = next(list_jobs(batch, arrayJobId=job_id, jobStatus="FAILED", maxResults=1), None)
    child_id = str(listed["jobId"]) if listed else job_id
    jobs = {job["jobId"]: job for job in describe_jobs(batch, list({job_id, child_id}))}
    evidence = Evidence(failed=_failed_children(jobs.get(job_id, {})))
    child, index = jobs.get(child_id), child_id.rpartition(":")[2]
    if listed and child is not None and index.isdecimal():
        reason = failure_reason(child)
        evidence = replace(evidence, child=int(index), child_reason=None if reason == NO_REASON else reason)
    return child, evidence


def _failed_children(array: Job) -> int | None:
    summary = (array.get("arrayProperties") or {}).get("statusSummary") or {}
    return summary.get("FAILED") or None


def _failed_node(job_id: str) -> tuple[Job | None, Evidence]:
    """Return the node that failed first, or the main node; Batch may have stopped those that ended later.

    Source: https://docs.aws.amazon.com/batch/latest/APIReference/API_ListJobs.html (multiNodeJobId)
    """
    batch = client("batch")
    failed = list_jobs(batch, multiNodeJobId=job_id, jobStatus="FAILED")
    first = min(failed, key=lambda node: node.get("stoppedAt") or float("inf"), default=None)
    node_id = str(first["jobId"]) if first else f"{job_id}{NODE_MARK}0"
    job = next(describe_jobs(batch, [node_id]), None)
    return job, Evidence(node=int(node_id.rpartition(NODE_MARK)[2]) if job is not None else None)


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
