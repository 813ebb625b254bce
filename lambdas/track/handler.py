"""track: a job has ended, or it is time to sweep; record what is known and advance the runs that it concerns."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from lambdas.advancing import advancer
from lambdas.consuming import consume, count, logger
from lambdas.track.report import failure_report
from sluice.batch_events import JobEnded, Look, Sweep, job_ended, joined, parse_event
from sluice.clients import client
from sluice.errors import UnsettledError
from sluice.limits import MAX_DESCRIBE_JOBS
from sluice.run import Run, StepState
from sluice.settings import TrackSettings

SWEPT_AFTER = timedelta(minutes=3)
"""Younger runs are left to their events."""

settings = TrackSettings.from_env()
advance = advancer(settings)


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Read the track queue."""
    return consume(event, context, _track, settings.dead_letter_queue)


def _track(body: str) -> None:
    event = parse_event(body)
    if isinstance(event, Sweep):
        _sweep()
    elif isinstance(event, Look):
        _look(event.run_id)
    elif event is not None and _record(event):
        advance.advance(event.name.run_id)


def _record(event: JobEnded) -> bool:
    run_id, step, generation, reason = event.name.run_id, event.name.step, event.name.generation, event.reason
    if event.state is StepState.FAILED:
        report = failure_report(settings.work_bucket, run_id, step, generation)
        reason = joined(reason, report)
    known = advance.ledger.ended(
        run_id, step, event.state, generation=generation, job_id=event.job_id, reason=reason, succeeded=event.succeeded
    )
    if known:
        count("JobsFailed" if event.state is StepState.FAILED else "JobsSucceeded")
    logger.info("A job ended." if known else "A job ended that no run names.", run=run_id, step=step, state=event.state, reason=reason)
    return known


def _sweep() -> None:
    """Look at the runs whose events may have been lost."""
    before = (datetime.now(UTC) - SWEPT_AFTER).isoformat(timespec="milliseconds")
    failed = [run_id for run_id in list(advance.ledger.unfinished(before)) if not _swept(run_id)]
    if failed:
        raise UnsettledError(f"{len(failed)} runs could not be looked at, to be tried again: {', '.join(failed[:5])}.")


def _swept(run_id: str) -> bool:
    """Look at one run; False when that failed, which must not keep the sweep from the others."""
    try:
        _look(run_id)
    except Exception:  # noqa: BLE001 - logged with its trace here, and raised once the other runs were looked at
        logger.exception("A run could not be looked at.", run=run_id)
        return False
    return True


def _look(run_id: str) -> None:
    """Record the ends of jobs that were not told, and advance the run."""
    run = advance.ledger.load(run_id)
    for event in _ends(run) if run else ():
        _record(event)
    advance.advance(run_id)


def _ends(run: Run) -> Iterator[JobEnded]:
    live = [record.job_id for record in run.steps.values() if record.state is StepState.SUBMITTED and record.job_id]
    for start in range(0, len(live), MAX_DESCRIBE_JOBS):
        jobs = client("batch").describe_jobs(jobs=live[start : start + MAX_DESCRIBE_JOBS])["jobs"]
        yield from (event for event in map(job_ended, jobs) if event is not None)
