"""track: a job has ended, or a sweep is due; record the ends of jobs and advance their runs."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import takewhile
from typing import Any

from lambdas.advancing import make_advancer, reconciling_soon, request_reconcile
from lambdas.consuming import consume, logger
from lambdas.retries import redrive
from lambdas.track.environments import report_invalid_environments
from lambdas.track.followed import FollowedRuns
from lambdas.track.forgotten import forgotten
from lambdas.track.plans import unannounced
from lambdas.track.recording import EndRecorder, Recorded
from sluice.advance.batch_events import JobEnded, Reconcile, job_ended, parse_event
from sluice.alerts.delays import find_delay
from sluice.alerts.digest import DigestDue
from sluice.alerts.series_records import SeriesRecords
from sluice.aws.batch_jobs import Job, describe_jobs
from sluice.aws.clients import client
from sluice.aws.retrying import Backoff
from sluice.catch_up.ledger import CatchUpLedger
from sluice.counted import counted
from sluice.errors import UnsettledError
from sluice.ledger.chains import ChainLedger
from sluice.messages import CatchUp, RunDelayed, Sweep
from sluice.run.state import Run, RunState, StepState
from sluice.settings import TrackSettings

SWEPT_AFTER = timedelta(minutes=3)
"""Younger runs are left to their events."""

RUNS_AT_A_TIME = 25
"""Ten messages with this many runs each, the largest batch, take much less than the function's minute."""
_CLEANUP_DAYS = 3
_CLEANUP_SECONDS = 15
_ALERTS_SECONDS = 5.0
_ATTEMPTS, _BASE_SECONDS, _CAP_SECONDS = 7, 0.1, 1.6
"""At most 5 seconds together: all messages of one batch may pause so within the function's time-out."""

settings = TrackSettings.from_env()
advancer = make_advancer(settings)
recorder = EndRecorder(
    ledger=advancer.ledger, bucket=settings.work_bucket, results_bucket=settings.results_bucket
)

followed = FollowedRuns(
    ledger=advancer.ledger,
    chains=ChainLedger(client("dynamodb"), settings.ledger_table),
    batch=lambda: client("batch"),
    queues=settings.queue_arns(),
    send=lambda message: _alert(message.to_json()),
    reconcile=lambda run_id: _catch_up(run_id),
)


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Read the track queue."""
    return consume(event, context, _track, settings.dead_letter_queue)


def _track(body: str) -> None:
    event = parse_event(body)
    if isinstance(event, Sweep):
        _sweep()
    elif isinstance(event, Reconcile):
        _reconcile_requested(event)
    elif event is not None:
        end = _record_soon(event)
        # A failed job that the ledger does not name leaves a claim to settle.
        if end.asks_for_advance or (event.state is StepState.FAILED and not end.known):
            with reconciling_soon(event.name.run_id, settings.track_queue):
                advancer.advance(event.name.run_id)


def _record_soon(event: JobEnded) -> Recorded:
    """Record an end; for some seconds try again where a job ended before the Lambda that submits it has
    recorded its id.

    Without that only the sweep would record the end. A job whose id is not recorded in that time is settled
    by the look-up of its name.
    """
    backoff = Backoff(attempts=_ATTEMPTS, base=_BASE_SECONDS, cap=_CAP_SECONDS)
    while not (end := recorder.record(event)).known and _has_open_claim(event) and backoff.try_again():
        continue
    return end


def _has_open_claim(event: JobEnded) -> bool:
    run = advancer.ledger.load(event.name.run_id)
    record = run.steps.get(event.name.step) if run and run.state is RunState.RUNNING else None
    return record is not None and record.job_id is None and record.generation == event.name.generation


def _sweep() -> None:
    """Reconcile the runs whose events may have been lost, and check the compute environments they wait for.

    Only the first runs are reconciled here: each further part becomes a message, so that several Lambdas
    reconcile them at the same time.
    """
    # First: the rest of the sweep needs the very services that may be out.
    redrive(settings.trigger_retries, settings.trigger_queue)
    redrive(settings.alert_retries, settings.alert_queue, seconds=_ALERTS_SECONDS)
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
    # The end of a run starts the next one of its key, and what comes after it; where that was lost, these do.
    advancer.order.sweep()
    followed.sweep(datetime.now(UTC))
    _ask_for_missed_times()
    _raise_for(failed)


def _ask_for_missed_times() -> None:
    """Have missed times of schedules looked at, of those pipelines that have some left."""
    for pipeline in CatchUpLedger(client("dynamodb"), settings.ledger_table).open():
        body = CatchUp(catch_up=pipeline).to_json()
        client("sqs").send_message(QueueUrl=settings.trigger_queue, MessageBody=body)


def _send_due_digests() -> None:
    """Have the digests sent that are due: of failures that stopped before one of them had it sent, and those
    whose Lambda died.
    """
    series = SeriesRecords(client("dynamodb"), settings.ledger_table)
    for key in series.due(datetime.now(UTC)):
        _alert(DigestDue(digest=key).to_json())


def _alert(body: str) -> None:
    client("sqs").send_message(QueueUrl=settings.alert_queue, MessageBody=body)


def _reconcile(run_ids: Sequence[str]) -> list[str]:
    """Reconcile runs, and return those that failed."""
    return [run_id for run_id in run_ids if not _reconcile_run(run_id)]


def _reconcile_requested(request: Reconcile) -> None:
    """Reconcile runs; where that fails, or leaves a claim open for which it was requested, request it once
    more, or at last raise so that the message comes again.
    """
    failed = _reconcile(request.run_ids)
    if request.attempt:
        failed += [run_id for run_id in request.run_ids if run_id not in failed and _has_claims(run_id)]
    if failed and request.may_repeat:
        request_reconcile(failed, settings.track_queue, request.attempt + 1)
    else:
        _raise_for(failed)


def _has_claims(run_id: str) -> bool:
    run = advancer.ledger.load(run_id)
    steps = run.steps.values() if run and run.state is RunState.RUNNING else ()
    return any(record.state is StepState.CLAIMED for record in steps)


def _raise_for(failed: Sequence[str]) -> None:
    """Raise UnsettledError where reconciling failed, so that the message comes again."""
    if failed:
        raise UnsettledError(
            f"{counted(len(failed), 'run')} could not be reconciled, to be tried again:"
            f" {', '.join(failed[:5])}."
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
    run, jobs = advancer.ledger.load(run_id), list[Job]()
    if run is not None:
        jobs = _live(run)
        for event in filter(None, map(job_ended, jobs)):
            recorder.record_of(event, run)
        described = {str(job["jobId"]) for job in jobs}
        for event in forgotten(run, described, datetime.now(UTC)):
            recorder.record_of(event, run)
        for plan in unannounced(run, settings.work_bucket):
            advancer.ledger.record_plan(plan)
    advancer.advance(run_id)
    return run, jobs


def _send(delay: RunDelayed) -> None:
    """Send a delay to the alert queue, unless the run has ended in this very sweep."""
    run = advancer.ledger.load(delay.run)
    if run is not None and run.state is RunState.RUNNING:
        _alert(delay.to_json())


def _live(run: Run) -> list[Job]:
    """Return Batch's descriptions of the jobs whose end is not recorded."""
    submitted = [record for record in run.steps.values() if record.state is StepState.SUBMITTED]
    live = [record.job_id for record in submitted if record.job_id]
    return list(describe_jobs(client("batch"), live)) if live else []
