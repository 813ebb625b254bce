"""Parses what arrives in the track queue: events of jobs that ended, and requests to sweep or to reconcile
runs.

Source: https://docs.aws.amazon.com/batch/latest/userguide/batch_job_events.html
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sluice.errors import MalformedMessageError
from sluice.messages import Sweep, parse_object
from sluice.run.child_environment import WORD
from sluice.run.job_names import JobName
from sluice.run.reasons import explain, explain_exit_code
from sluice.run.state import StepState

NODE_MARK = "#"
"""Node 2 of a multi-node job has the id ``<job>#2``:
https://docs.aws.amazon.com/batch/latest/userguide/multi-node-parallel-jobs.html
"""
NO_REASON = "AWS Batch gave no reason"
_MAX_DELAY_SECONDS, _MAX_ATTEMPTS = 60, 8
_PROGRAM_ENDED = "the program ended"
_ENDS = {"SUCCEEDED": StepState.SUCCEEDED, "FAILED": StepState.FAILED}


@dataclass(frozen=True, slots=True)
class Reconcile:
    """A request to reconcile these runs now: of a person, or of a sweep with many runs.

    ``attempt`` counts the requests for a claim that could not be settled; 0 is none of these.
    """

    run_ids: tuple[str, ...]
    attempt: int = 0

    def to_json(self) -> str:
        """Return the message that ``parse_event`` reads."""
        more = {"attempt": self.attempt} if self.attempt else {}
        return json.dumps({"look": self.run_ids, "version": 1, **more})

    @property
    def delay_seconds(self) -> int:
        """Return in how many seconds it is due: 4, 8, 16, …, a minute."""
        return min(2 << self.attempt, _MAX_DELAY_SECONDS)

    @property
    def may_repeat(self) -> bool:
        """Return whether one more request may follow: they end after some minutes, longer than a lease."""
        return 0 < self.attempt < _MAX_ATTEMPTS


@dataclass(frozen=True, slots=True)
class JobEnded:
    """A job, or an array as a whole, has ended.

    ``queued_seconds`` is how long a job without dependencies was queued, ``succeeded`` how many children of a
    failed array succeeded; None where that is not known. ``has_word`` is whether a single job says that its
    success has the word of a supervisor.
    """

    name: JobName
    job_id: str
    state: StepState
    reason: str | None
    queued_seconds: float | None = None
    succeeded: int | None = None
    is_array: bool = False
    has_word: bool = False


def parse_event(body: str) -> JobEnded | Sweep | Reconcile | None:
    """Return what a message reports; None for a job that is not of a run, an event of a child, or a state
    that is not an end.

    Raises MalformedMessageError.
    """
    document = parse_object(body)
    if document.get("sweep") is True:
        return Sweep()
    if "look" in document:
        return _reconcile(document["look"], document.get("attempt", 0))
    if document.get("source") != "aws.batch" or document.get("detail-type") != "Batch Job State Change":
        raise MalformedMessageError(f"Expected a Batch Job State Change, found {body[:200]!r}.")
    try:
        return job_ended(document["detail"])
    except (KeyError, TypeError, AttributeError) as error:
        raise MalformedMessageError(
            f"Expected the detail of a Batch Job State Change, found {body[:200]!r}."
        ) from error


def _reconcile(run_ids: object, attempt: object) -> Reconcile:
    if not isinstance(run_ids, list) or not all(isinstance(run_id, str) for run_id in run_ids):
        raise MalformedMessageError(f"Expected a list of runs to reconcile, found {str(run_ids)[:200]!r}.")
    if type(attempt) is not int or attempt < 0:
        raise MalformedMessageError(f"Expected the number of an attempt, found {str(attempt)[:200]!r}.")
    return Reconcile(tuple(run_ids), attempt)


def job_ended(job: Mapping[str, Any]) -> JobEnded | None:
    """Return the end that the detail of an event, or a job of DescribeJobs, reports; None when it is no end
    of a run's job.
    """
    name, state = JobName.parse(job["jobName"]), _ENDS.get(job["status"])
    if name is None or state is None or _is_child(job):
        return None
    failed = state is StepState.FAILED
    reason, succeeded = (failure_reason(job), _succeeded(job)) if failed else (None, None)
    queued = _queued_seconds(job)
    return JobEnded(
        name,
        job["jobId"],
        state,
        reason,
        queued,
        succeeded,
        is_array=_is_array(job),
        has_word=_has_word(job),
    )


def _is_child(job: Mapping[str, Any]) -> bool:
    """Return whether this is a child of an array, or a node of a multi-node job."""
    return "index" in (job.get("arrayProperties") or {}) or NODE_MARK in job["jobId"]


def _succeeded(job: Mapping[str, Any]) -> int | None:
    summary: Mapping[str, int] = (job.get("arrayProperties") or {}).get("statusSummary") or {}
    return summary.get("SUCCEEDED", 0) if summary else None


def _is_array(job: Mapping[str, Any]) -> bool:
    return bool((job.get("arrayProperties") or {}).get("size"))


def _has_word(job: Mapping[str, Any]) -> bool:
    variables = (job.get("container") or {}).get("environment") or ()
    return any(one.get("name") == WORD for one in variables)


def _queued_seconds(job: Mapping[str, Any]) -> float | None:
    """Return the time from submission to start; a job with dependencies waits for those, and an array starts
    many times.
    """
    created, started = job.get("createdAt"), job.get("startedAt")
    if job.get("dependsOn") or _is_array(job):
        return None
    if not isinstance(created, int) or not isinstance(started, int):
        return None
    return max(started - created, 0) / 1000


def failure_reason(job: Mapping[str, Any]) -> str:
    """Return in plain words why a job failed, as far as Batch knows.

    Status reasons: https://docs.aws.amazon.com/batch/latest/userguide/job_retries.html and
    .../troubleshooting.html
    """
    array: Mapping[str, Any] = job.get("arrayProperties") or {}
    if array.get("size"):
        failed = (array.get("statusSummary") or {}).get("FAILED", 0)
        return f"{failed} of {array['size']} children failed"
    container: Mapping[str, Any] = job.get("container") or _last_attempt(job)
    return _container_reason(
        job.get("statusReason") or "", container.get("reason") or "", container.get("exitCode")
    )


def _container_reason(status: str, detail: str, exit_code: int | None) -> str:
    explained = explain(status, detail)
    if explained is not None:
        return f"{explained} ({detail or status})"
    if exit_code:
        more = f" ({detail})" if detail else ""
        return f"{_PROGRAM_ENDED} with {explain_exit_code(exit_code)}{more}"
    return detail or status or NO_REASON


def _last_attempt(job: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the container of the last attempt: a multi-node job has no other, and there it is the main
    node's.

    Source: https://docs.aws.amazon.com/batch/latest/userguide/multi-node-parallel-jobs.html
    """
    attempts = job.get("attempts") or [{}]
    return attempts[-1].get("container") or {}


def joined(reason: str | None, report: str | None) -> str | None:
    """Return one reason from Batch's and from what a failing job itself reported, the more precise one
    first.
    """
    if not report or not reason:
        return report or reason
    return f"{report} ({reason})" if reason.startswith(_PROGRAM_ENDED) else f"{reason}: {report}"
