"""Which runs take too long: late by their pipeline's ``expected_within``, or without a job that has started.
Pure.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sluice.duration import in_words
from sluice.messages import LATE, NOT_STARTED, RunDelayed
from sluice.run.job_names import JobName
from sluice.run.reasons import explain_blocked_queue
from sluice.run.state import Run, RunState, StepState

STARTED_WITHIN = timedelta(minutes=30)
"""A machine starts within minutes as a rule; a run that has none after this time may wait for ever."""
_WAITING = ("SUBMITTED", "PENDING", "RUNNABLE")
_MAX_NAMES = 3

Job = Mapping[str, Any]


def alert_note(delay: str) -> str:
    """Return the note on a run in the ledger that records that an alert of this delay was sent."""
    return f"alert:{delay}"


def find_delay(run: Run, jobs: Sequence[Job], now: datetime) -> RunDelayed | None:
    """Return the delay of a run of which no alert was sent yet, or None.

    ``jobs`` are those of its jobs whose end is not recorded, as DescribeJobs describes them.
    """
    if run.state is not RunState.RUNNING:
        return None
    taken, expected = now - _began(run), run.pipeline.expected_within
    if expected is not None and taken > timedelta(seconds=expected) and alert_note(LATE) not in run.notes:
        why = (
            f"expected within {in_words(expected)}, under way for {in_words(taken.total_seconds())};"
            f" {_progress(jobs)}"
        )
        return RunDelayed(run=run.run_id, delay=LATE, why=why)
    if taken > STARTED_WITHIN and not _started(run, jobs) and alert_note(NOT_STARTED) not in run.notes:
        why = f"no job has started for {in_words(taken.total_seconds())}; {_progress(jobs)}"
        return RunDelayed(run=run.run_id, delay=NOT_STARTED, why=why)
    return None


def _began(run: Run) -> datetime:
    """Return when the run began, or when it was last resumed, which claimed a new generation."""
    newest = max((record.generation for record in run.steps.values()), default=0)
    claims = [
        record.claimed_at
        for record in run.steps.values()
        if record.generation == newest and record.claimed_at
    ]
    return datetime.fromisoformat(min(claims) if newest and claims else run.created_at)


def _started(run: Run, jobs: Sequence[Job]) -> bool:
    """Return whether any job, or any child of an array, has got a machine."""
    ended = any(
        record.planned or record.state in (StepState.SUCCEEDED, StepState.FAILED)
        for record in run.steps.values()
    )
    return ended or any(job["status"] not in _WAITING or _children_started(job) for job in jobs)


def _children_started(job: Job) -> bool:
    children = (job.get("arrayProperties") or {}).get("statusSummary") or {}
    return any(count for status, count in children.items() if status not in _WAITING)


def _progress(jobs: Sequence[Job]) -> str:
    """Return the jobs of the most advanced status, each with the reason why it waits, if known."""
    order = ["RUNNING", "STARTING", "RUNNABLE", "PENDING", "SUBMITTED"]
    live = sorted((job for job in jobs if job["status"] in order), key=lambda job: order.index(job["status"]))
    if not live:
        return "none of its jobs is known to AWS Batch at the moment"
    names = [
        f"{_step(job)} is {job['status']}" + _wait_reason(job)
        for job in live
        if job["status"] == live[0]["status"]
    ]
    return ", ".join(names[:_MAX_NAMES]) + (", …" if len(names) > _MAX_NAMES else "")


def _step(job: Job) -> str:
    name = JobName.parse(job["jobName"])
    return name.step if name else str(job["jobName"])


def _wait_reason(job: Job) -> str:
    reason = job.get("statusReason") if job["status"] == "RUNNABLE" else None
    return f" ({explain_blocked_queue(reason) or reason})" if reason else ""
