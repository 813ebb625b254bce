"""What arrives in the track queue: ends of jobs, as AWS Batch tells them, and the calls to sweep or to look
at a run.

Source: https://docs.aws.amazon.com/batch/latest/userguide/batch_job_events.html
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sluice.errors import MalformedMessageError
from sluice.messages import Sweep, parse_object
from sluice.run.job_names import JobName
from sluice.run.reasons import explain, explain_exit_code
from sluice.run.state import StepState

NODE_MARK = "#"
"""Node 2 of a multi-node job has the id ``<job>#2``:
https://docs.aws.amazon.com/batch/latest/userguide/multi-node-parallel-jobs.html
"""
NO_REASON = "AWS Batch gave no reason"
_ENDS = {"SUCCEEDED": StepState.SUCCEEDED, "FAILED": StepState.FAILED}


@dataclass(frozen=True, slots=True)
class Reconcile:
    """A call to look at these runs now: a person's, or that of a sweep with many runs."""

    run_ids: tuple[str, ...]

    def to_json(self) -> str:
        """Return the message that ``parse_event`` reads."""
        return json.dumps({"look": self.run_ids, "version": 1})


@dataclass(frozen=True, slots=True)
class JobEnded:
    """A job, or an array as a whole, has ended.

    ``queued_seconds`` is how long a job that waited for no other one stood in its queue, ``succeeded`` how
    many children of a failed array did; None where that cannot be told.
    """

    name: JobName
    job_id: str
    state: StepState
    reason: str | None
    queued_seconds: float | None = None
    succeeded: int | None = None


def parse_event(body: str) -> JobEnded | Sweep | Reconcile | None:
    """Return what a message says; None for a job that is not a run's, a child's event, or a state that is not
    an end.

    Raises MalformedMessageError.
    """
    document = parse_object(body)
    if document.get("sweep") is True:
        return Sweep()
    if "look" in document:
        return _look(document["look"])
    if document.get("source") != "aws.batch" or document.get("detail-type") != "Batch Job State Change":
        raise MalformedMessageError(f"Expected a Batch Job State Change, found {body[:200]!r}.")
    try:
        return job_ended(document["detail"])
    except (KeyError, TypeError, AttributeError) as error:
        raise MalformedMessageError(
            f"Expected the detail of a Batch Job State Change, found {body[:200]!r}."
        ) from error


def _look(run_ids: object) -> Reconcile:
    if not isinstance(run_ids, list) or not all(isinstance(run_id, str) for run_id in run_ids):
        raise MalformedMessageError(f"Expected a list of runs to look at, found {str(run_ids)[:200]!r}.")
    return Reconcile(tuple(run_ids))


def job_ended(job: Mapping[str, Any]) -> JobEnded | None:
    """Return the end that an event's detail, or a job of DescribeJobs, tells of."""
    name = JobName.parse(job["jobName"])
    state = _ENDS.get(job["status"])
    if (
        name is None
        or state is None
        or "index" in (job.get("arrayProperties") or {})
        or NODE_MARK in job["jobId"]
    ):
        return None
    failed = state is StepState.FAILED
    reason, succeeded = (failure_reason(job), _succeeded(job)) if failed else (None, None)
    return JobEnded(name, job["jobId"], state, reason, _queued_seconds(job), succeeded)


def _succeeded(job: Mapping[str, Any]) -> int | None:
    summary: Mapping[str, int] = (job.get("arrayProperties") or {}).get("statusSummary") or {}
    return summary.get("SUCCEEDED", 0) if summary else None


def _queued_seconds(job: Mapping[str, Any]) -> float | None:
    """Return the time from submission to start; a job with dependencies waits for those, and an array starts
    many times.
    """
    created, started = job.get("createdAt"), job.get("startedAt")
    if (
        job.get("dependsOn")
        or not isinstance(created, int)
        or not isinstance(started, int)
        or (job.get("arrayProperties") or {}).get("size")
    ):
        return None
    return max(started - created, 0) / 1000


def failure_reason(job: Mapping[str, Any]) -> str:
    """Return in plain words why a job failed, as far as Batch knows.

    Status reasons: https://docs.aws.amazon.com/batch/latest/userguide/job_retries.html and
    .../troubleshooting.html
    """
    container: Mapping[str, Any] = job.get("container") or _last_attempt(job)
    array: Mapping[str, Any] = job.get("arrayProperties") or {}
    if array.get("size"):
        failed = (array.get("statusSummary") or {}).get("FAILED", 0)
        return f"{failed} of {array['size']} children failed"
    status, detail = job.get("statusReason") or "", container.get("reason") or ""
    if (words := explain(status, detail)) is not None:
        return f"{words} ({detail or status})"
    if container.get("exitCode"):
        return f"{_PROGRAM_ENDED} with {explain_exit_code(container['exitCode'])}" + (
            f" ({detail})" if detail else ""
        )
    return detail or status or NO_REASON


def _last_attempt(job: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the container of the last attempt: a multi-node job has no other, and there it is the main
    node's.

    Source: https://docs.aws.amazon.com/batch/latest/userguide/multi-node-parallel-jobs.html
    """
    attempts = job.get("attempts") or [{}]
    return attempts[-1].get("container") or {}


def joined(reason: str | None, report: str | None) -> str | None:
    """Return one reason from Batch's and from what a failing job itself reported, the more telling one
    first.
    """
    if not report or not reason:
        return report or reason
    return f"{report} ({reason})" if reason.startswith(_PROGRAM_ENDED) else f"{reason}: {report}"


_PROGRAM_ENDED = "the program ended"
