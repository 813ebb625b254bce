"""track: a job has ended, or a sweep is due; record the ends of jobs and advance their runs."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import takewhile
from typing import Any

from lambdas.advancing import make_advancer
from lambdas.consuming import consume, count, logger, measure
from lambdas.track.environments import report_invalid_environments
from lambdas.track.plans import unannounced
from lambdas.track.proof import verdict
from lambdas.track.report import failure_report
from sluice.advance.batch_events import JobEnded, Reconcile, job_ended, joined, parse_event
from sluice.alerts.delays import find_delay
from sluice.alerts.digest import DigestDue
from sluice.alerts.series_records import SeriesRecords
from sluice.aws.batch_jobs import Job, describe_jobs
from sluice.aws.clients import client
from sluice.aws.retrying import Backoff
from sluice.errors import UnsettledError
from sluice.ledger.ledger import Assignment
from sluice.messages import RunDelayed, Sweep
from sluice.run.state import Run, RunState, StepState
from sluice.settings import TrackSettings

SWEPT_AFTER = timedelta(minutes=3)
"""Younger runs are left to their events."""

RUNS_AT_A_TIME = 25
"""Ten messages with this many runs each, the largest batch, take much less than the function's minute."""
_CLEANUP_DAYS = 3
_CLEANUP_SECONDS = 15
_ATTEMPTS, _BASE_SECONDS, _CAP_SECONDS = 7, 0.1, 1.6
"""At most 5 seconds together: all messages of one batch may pause so within the function's time-out."""

settings = TrackSettings.from_env()
advancer = make_advancer(settings)


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Read the track queue."""
    return consume(event, context, _track, settings.dead_letter_queue)


def _track(body: str) -> None:
    event = parse_event(body)
    if isinstance(event, Sweep):
        _sweep()
    elif isinstance(event, Reconcile):
        _raise_for(_reconcile(event.run_ids))
    elif event is not None and (_record_soon(event) or event.state is StepState.FAILED):
        # A failed job that the ledger does not name leaves a claim to settle.
        advancer.advance(event.name.run_id)


def _record_soon(event: JobEnded) -> bool:
    """Record an end; for some seconds try again where a job ended before the Lambda that submits it has
    recorded its id.

    Without that only the sweep would record the end. A job whose id is not recorded in that time is settled
    by the look-up of its name.
    """
    backoff = Backoff(attempts=_ATTEMPTS, base=_BASE_SECONDS, cap=_CAP_SECONDS)
    while not (known := _record(event)) and _has_open_claim(event) and backoff.try_again():
        continue
    return known


def _has_open_claim(event: JobEnded) -> bool:
    run = advancer.ledger.load(event.name.run_id)
    record = run.steps.get(event.name.step) if run and run.state is RunState.RUNNING else None
    return record is not None and record.job_id is None and record.generation == event.name.generation


def _record(event: JobEnded, known_run: Run | None = None) -> bool:
    """Record the end of a job as what it left says that it ended; return False when the ledger does not name
    the job.
    """
    run_id, step, generation = event.name.run_id, event.name.step, event.name.generation
    found = verdict(event, _assignment(event, known_run), settings.work_bucket)
    if found is None:
        return True
    reason = found.reason
    if event.state is StepState.FAILED:
        report = failure_report(settings.work_bucket, run_id, step, generation)
        reason = joined(reason, report)
    known = advancer.ledger.record_end(
        run_id,
        step,
        found.state,
        generation=generation,
        job_id=event.job_id,
        reason=reason,
        succeeded=found.succeeded,
        failed_children=found.failed_children,
    )
    if known:
        _measure(event, found.state)
    logger.info(
        "A job ended." if known else "A job ended that the ledger does not name.",
        run=run_id,
        step=step,
        state=found.state,
        reason=reason,
    )
    return known


def _assignment(event: JobEnded, run: Run | None) -> Assignment | None:
    if run is None:
        return advancer.ledger.assignment(event.name.run_id, event.name.step)
    return Assignment(run.steps.get(event.name.step), run.trigger, run.pipeline, run.state)


def _measure(event: JobEnded, state: StepState) -> None:
    count("JobsFailed" if state is StepState.FAILED else "JobsSucceeded")
    if event.queued_seconds is not None:
        measure("QueueWaitSeconds", event.queued_seconds)


def _sweep() -> None:
    """Reconcile the runs whose events may have been lost, and check the compute environments they wait for.

    Only the first runs are reconciled here: each further part becomes a message, so that several Lambdas
    reconcile them at the same time.
    """
    created_before = (datetime.now(UTC) - SWEPT_AFTER).isoformat(timespec="milliseconds")
    unfinished = tuple(advancer.ledger.unfinished(created_before))
    for start in range(RUNS_AT_A_TIME, len(unfinished), RUNS_AT_A_TIME):
        part = Reconcile(unfinished[start : start + RUNS_AT_A_TIME])
        client("sqs").send_message(QueueUrl=settings.track_queue, MessageBody=part.to_json())
    failed = _reconcile(unfinished[:RUNS_AT_A_TIME])
    if unfinished and not report_invalid_environments(settings):
        failed.append("the compute environments")
    _send_due_digests()
    _clean_up()
    _raise_for(failed)


def _send_due_digests() -> None:
    """Have the digests sent that are due: of failures that stopped before one of them had it sent, and those
    whose Lambda died.
    """
    series = SeriesRecords(client("dynamodb"), settings.ledger_table)
    for key in series.due(datetime.now(UTC)):
        client("sqs").send_message(QueueUrl=settings.alert_queue, MessageBody=DigestDue(digest=key).to_json())


def _reconcile(run_ids: Sequence[str]) -> list[str]:
    """Reconcile runs, and return those that failed."""
    return [run_id for run_id in run_ids if not _reconcile_run(run_id)]


def _raise_for(failed: Sequence[str]) -> None:
    """Raise UnsettledError where reconciling failed, so that the message comes again."""
    if failed:
        raise UnsettledError(
            f"{len(failed)} runs could not be reconciled, to be tried again: {', '.join(failed[:5])}."
        )


def _clean_up() -> None:
    """Submit the clean-up of failed runs that is due today or was due on the last days; later their objects
    expire.

    It takes some seconds at most; the next sweep continues.
    """
    today, until = datetime.now(UTC).date(), time.monotonic() + _CLEANUP_SECONDS
    due = [
        run_id
        for days in range(_CLEANUP_DAYS)
        for run_id in advancer.ledger.cleanup_due((today - timedelta(days=days)).isoformat())
    ]
    for run_id in takewhile(lambda _: time.monotonic() < until, due):
        if advancer.clean_up(run_id):
            logger.info("The objects of a failed run are being removed.", run=run_id)


def _reconcile_run(run_id: str) -> bool:
    """Reconcile one run and send its delay; False when that failed, which must not stop the others."""
    try:
        run, jobs = _catch_up(run_id)
        delay = find_delay(run, jobs, datetime.now(UTC)) if run else None
        if delay is not None:
            _send(delay)
    except Exception:  # noqa: BLE001 - logged with its trace here, and raised after the other runs
        logger.exception("A run could not be reconciled.", run=run_id)
        return False
    return True


def _catch_up(run_id: str) -> tuple[Run | None, list[Job]]:
    """Record the ends of jobs and the plans whose events were lost, and advance the run; return it and its
    jobs as they were before.
    """
    run = advancer.ledger.load(run_id)
    jobs = _live(run) if run else []
    for event in filter(None, map(job_ended, jobs)):
        _record(event, run)
    for plan in unannounced(run, settings.work_bucket) if run else ():
        advancer.ledger.record_plan(plan)
    advancer.advance(run_id)
    return run, jobs


def _send(delay: RunDelayed) -> None:
    """Send a delay to the alert queue, unless the run has ended in this very sweep."""
    run = advancer.ledger.load(delay.run)
    if run is not None and run.state is RunState.RUNNING:
        client("sqs").send_message(QueueUrl=settings.alert_queue, MessageBody=delay.to_json())


def _live(run: Run) -> list[Job]:
    """Return Batch's descriptions of the jobs whose end is not recorded."""
    submitted = [record for record in run.steps.values() if record.state is StepState.SUBMITTED]
    live = [record.job_id for record in submitted if record.job_id]
    return list(describe_jobs(client("batch"), live)) if live else []
