"""track: a job has ended, or it is time to sweep; record what is known and advance the runs that it
concerns.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import takewhile
from typing import Any

from lambdas.advancing import advancer
from lambdas.consuming import consume, count, logger, measure
from lambdas.track.environments import looked_at_environments
from lambdas.track.plans import unannounced
from lambdas.track.report import failure_report
from sluice.advance.batch_events import JobEnded, Reconcile, job_ended, joined, parse_event
from sluice.alerts.delays import delay_of
from sluice.aws.clients import client
from sluice.errors import UnsettledError
from sluice.limits import MAX_DESCRIBE_JOBS
from sluice.messages import RunDelayed, Sweep
from sluice.run.state import Run, RunState, StepState
from sluice.settings import TrackSettings

SWEPT_AFTER = timedelta(minutes=3)
"""Younger runs are left to their events."""

RUNS_AT_A_TIME = 25
"""Ten messages with so many runs each, the largest batch, are done well within the function's minute."""
_DAYS_LOOKED_BACK = 3
_CLEANING_SECONDS = 15
_PAUSES = (0.1, 0.2, 0.4, 0.8, 1.6)
"""Seconds; together little enough for all messages of one batch within the function's time-out."""

settings = TrackSettings.from_env()
advance = advancer(settings)


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Read the track queue."""
    return consume(event, context, _track, settings.dead_letter_queue)


def _track(body: str) -> None:
    event = parse_event(body)
    if isinstance(event, Sweep):
        _sweep()
    elif isinstance(event, Reconcile):
        _insist(_unsettled(event.run_ids))
    elif event is not None and (_recorded(event) or event.state is StepState.FAILED):
        # A job that failed without a name leaves a claim to settle.
        advance.advance(event.name.run_id)


def _recorded(event: JobEnded) -> bool:
    """Record an end; that of a job which ended so fast that whoever submits it has not named it yet is tried
    again for some seconds.

    Otherwise nobody would learn of it before the sweep. What nobody names in that time is settled by the
    look-up of its name.
    """
    pauses = iter(_PAUSES)
    while not (known := _record(event)) and _to_be_named(event) and (pause := next(pauses, None)):
        time.sleep(pause)
    return known


def _to_be_named(event: JobEnded) -> bool:
    run = advance.ledger.load(event.name.run_id)
    record = run.steps.get(event.name.step) if run and run.state is RunState.RUNNING else None
    return record is not None and record.job_id is None and record.generation == event.name.generation


def _record(event: JobEnded) -> bool:
    run_id, step, generation, reason = event.name.run_id, event.name.step, event.name.generation, event.reason
    if event.state is StepState.FAILED:
        report = failure_report(settings.work_bucket, run_id, step, generation)
        reason = joined(reason, report)
    known = advance.ledger.record_end(
        run_id,
        step,
        event.state,
        generation=generation,
        job_id=event.job_id,
        reason=reason,
        succeeded=event.succeeded,
    )
    if known:
        count("JobsFailed" if event.state is StepState.FAILED else "JobsSucceeded")
        if event.queued_seconds is not None:
            measure("QueueWaitSeconds", event.queued_seconds)
    logger.info(
        "A job ended." if known else "A job ended that no run names.",
        run=run_id,
        step=step,
        state=event.state,
        reason=reason,
    )
    return known


def _sweep() -> None:
    """Look at the runs whose events may have been lost, and while there are any at the machines that they
    wait for.

    Only the first runs are looked at here: a message for each further part lets others do so at the same
    time, and in time.
    """
    before = (datetime.now(UTC) - SWEPT_AFTER).isoformat(timespec="milliseconds")
    unfinished = tuple(advance.ledger.unfinished(before))
    for start in range(RUNS_AT_A_TIME, len(unfinished), RUNS_AT_A_TIME):
        part = Reconcile(unfinished[start : start + RUNS_AT_A_TIME])
        client("sqs").send_message(QueueUrl=settings.track_queue, MessageBody=part.to_json())
    failed = _unsettled(unfinished[:RUNS_AT_A_TIME])
    if unfinished and not looked_at_environments(settings):
        failed.append("the compute environments")
    _clean_up()
    _insist(failed)


def _unsettled(run_ids: Sequence[str]) -> list[str]:
    """Look at runs, and return those of which that failed."""
    return [run_id for run_id in run_ids if not _swept(run_id)]


def _insist(failed: Sequence[str]) -> None:
    if failed:
        raise UnsettledError(
            f"{len(failed)} runs could not be looked at, to be tried again: {', '.join(failed[:5])}."
        )


def _clean_up() -> None:
    """Remove what failed runs left whose days are over, those of the last days included; what is not removed
    then expires.

    For some seconds only; the next sweep goes on.
    """
    today, until = datetime.now(UTC).date(), time.monotonic() + _CLEANING_SECONDS
    due = [
        run_id
        for days in range(_DAYS_LOOKED_BACK)
        for run_id in advance.ledger.cleanup_due((today - timedelta(days=days)).isoformat())
    ]
    for run_id in takewhile(lambda _: time.monotonic() < until, due):
        if advance.clean_up(run_id):
            logger.info("What a failed run left is removed.", run=run_id)


def _swept(run_id: str) -> bool:
    """Look at one run; False when that failed, which must not keep the sweep from the others."""
    try:
        run, jobs = _look(run_id)
        delay = delay_of(run, jobs, datetime.now(UTC)) if run else None
        if delay is not None:
            _tell(delay)
    except Exception:  # noqa: BLE001 - logged with its trace here, and raised once the other runs were looked at
        logger.exception("A run could not be looked at.", run=run_id)
        return False
    return True


def _look(run_id: str) -> tuple[Run | None, list[Mapping[str, Any]]]:
    """Record the ends of jobs and the plans that were not told, and advance the run; return it and its jobs
    as they were.
    """
    run = advance.ledger.load(run_id)
    jobs = _live(run) if run else []
    for event in filter(None, map(job_ended, jobs)):
        _record(event)
    for plan in unannounced(run, settings.work_bucket) if run else ():
        advance.ledger.record_plan(plan)
    advance.advance(run_id)
    return run, jobs


def _tell(delay: RunDelayed) -> None:
    """Hand a delay to the alerts, unless the run has ended in this very sweep."""
    run = advance.ledger.load(delay.run)
    if run is not None and run.state is RunState.RUNNING:
        client("sqs").send_message(QueueUrl=settings.alert_queue, MessageBody=delay.to_json())


def _live(run: Run) -> list[Mapping[str, Any]]:
    """Return what Batch says of the jobs whose end is not recorded."""
    live = [
        record.job_id
        for record in run.steps.values()
        if record.state is StepState.SUBMITTED and record.job_id
    ]
    groups = [live[start : start + MAX_DESCRIBE_JOBS] for start in range(0, len(live), MAX_DESCRIBE_JOBS)]
    return [job for group in groups for job in client("batch").describe_jobs(jobs=group)["jobs"]]
