"""track: a job has ended, or it is time to sweep; record what is known and advance the runs that it
concerns.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import takewhile
from typing import Any

from lambdas.advancing import advancer as advancer_of
from lambdas.consuming import consume, count, logger, measure
from lambdas.track.environments import check_environments
from lambdas.track.plans import unannounced
from lambdas.track.report import failure_report
from sluice.advance.batch_events import JobEnded, Reconcile, job_ended, joined, parse_event
from sluice.alerts.delays import delay_of
from sluice.aws.batch_jobs import Job, describe_jobs
from sluice.aws.clients import client
from sluice.aws.retrying import Backoff
from sluice.errors import UnsettledError
from sluice.messages import RunDelayed, Sweep
from sluice.run.state import Run, RunState, StepState
from sluice.settings import TrackSettings

SWEPT_AFTER = timedelta(minutes=3)
"""Younger runs are left to their events."""

RUNS_AT_A_TIME = 25
"""Ten messages with as many runs each, the largest batch, are done well within the function's minute."""
_CLEANUP_DAYS = 3
_CLEANUP_SECONDS = 15
# Together at most 5 seconds, little enough for all messages of one batch within the function's time-out.
_REGISTRATION_ATTEMPTS = 7
_BASE_SECONDS = 0.1
_CAP_SECONDS = 1.6

settings = TrackSettings.from_env()
advancer = advancer_of(settings)


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Read the track queue."""
    return consume(event, context, _track, settings.dead_letter_queue)


def _track(body: str) -> None:
    event = parse_event(body)
    if isinstance(event, Sweep):
        _sweep()
    elif isinstance(event, Reconcile):
        _raise_for(_reconcile_all(event.run_ids))
    elif event is not None and (_record_once_registered(event) or event.state is StepState.FAILED):
        # A job that failed before it was registered leaves a claim to settle.
        advancer.advance(event.name.run_id)


def _record_once_registered(event: JobEnded) -> bool:
    """Record an end. A job can end before its submitter has registered it: then try again for some seconds.

    Otherwise the sweep would be the first to learn of it. A job that is not registered in that time is found
    by the look-up of its name.
    """
    backoff = Backoff(attempts=_REGISTRATION_ATTEMPTS, base=_BASE_SECONDS, cap=_CAP_SECONDS)
    while not (recorded := _record(event)) and _awaits_registration(event) and backoff.try_again():
        continue
    return recorded


def _awaits_registration(event: JobEnded) -> bool:
    run = advancer.ledger.load(event.name.run_id)
    record = run.steps.get(event.name.step) if run and run.state is RunState.RUNNING else None
    return record is not None and record.job_id is None and record.generation == event.name.generation


def _record(event: JobEnded) -> bool:
    run_id, step, generation, reason = event.name.run_id, event.name.step, event.name.generation, event.reason
    if event.state is StepState.FAILED:
        report = failure_report(settings.work_bucket, run_id, step, generation)
        reason = joined(reason, report)
    recorded = advancer.ledger.record_end(
        run_id,
        step,
        event.state,
        generation=generation,
        job_id=event.job_id,
        reason=reason,
        succeeded=event.succeeded,
    )
    if recorded:
        count("JobsFailed" if event.state is StepState.FAILED else "JobsSucceeded")
        if event.queued_seconds is not None:
            measure("QueueWaitSeconds", event.queued_seconds)
    logger.info(
        "A job ended." if recorded else "A job ended that no run has registered.",
        run=run_id,
        step=step,
        state=event.state,
        reason=reason,
    )
    return recorded


def _sweep() -> None:
    """Reconcile the runs whose events may have been lost, and while there are any check the machines that
    they wait for.

    Only the first runs are reconciled here: a message for each further part lets other invocations do so at
    the same time, and in time.
    """
    before = (datetime.now(UTC) - SWEPT_AFTER).isoformat(timespec="milliseconds")
    unfinished = tuple(advancer.ledger.unfinished(before))
    for start in range(RUNS_AT_A_TIME, len(unfinished), RUNS_AT_A_TIME):
        part = Reconcile(unfinished[start : start + RUNS_AT_A_TIME])
        client("sqs").send_message(QueueUrl=settings.track_queue, MessageBody=part.to_json())
    failed = _reconcile_all(unfinished[:RUNS_AT_A_TIME])
    if unfinished and not check_environments(settings):
        failed.append("the compute environments")
    _clean_up()
    _raise_for(failed)


def _reconcile_all(run_ids: Sequence[str]) -> list[str]:
    """Reconcile runs, and return those for which that failed."""
    return [run_id for run_id in run_ids if not _is_reconciled(run_id)]


def _raise_for(failed: Sequence[str]) -> None:
    if failed:
        raise UnsettledError(
            f"{len(failed)} runs could not be reconciled, to be tried again: {', '.join(failed[:5])}."
        )


def _clean_up() -> None:
    """Remove what failed runs left whose days are over, those of the last days included; what is not removed
    then expires.

    For some seconds only; the next sweep goes on.
    """
    until = time.monotonic() + _CLEANUP_SECONDS
    for run_id in takewhile(lambda _: time.monotonic() < until, list(_runs_to_clean_up())):
        if advancer.clean_up(run_id):
            logger.info("What a failed run left is removed.", run=run_id)


def _runs_to_clean_up() -> Iterator[str]:
    today = datetime.now(UTC).date()
    for days in range(_CLEANUP_DAYS):
        yield from advancer.ledger.cleanup_due((today - timedelta(days=days)).isoformat())


def _is_reconciled(run_id: str) -> bool:
    """Reconcile one run; return False when that failed, which must not keep the sweep from the others."""
    try:
        run, jobs = _reconcile(run_id)
        delay = delay_of(run, jobs, datetime.now(UTC)) if run else None
        if delay is not None:
            _report_delay(delay)
    except Exception:  # noqa: BLE001 - logged with its trace here, and raised once the other runs are done
        logger.exception("A run could not be reconciled.", run=run_id)
        return False
    return True


def _reconcile(run_id: str) -> tuple[Run | None, list[Job]]:
    """Record the ends of jobs and the plans whose messages were lost, and advance the run; return it and its
    jobs as they were.
    """
    run = advancer.ledger.load(run_id)
    jobs = _unended_jobs(run) if run else []
    for event in filter(None, map(job_ended, jobs)):
        _record(event)
    for plan in unannounced(run, settings.work_bucket) if run else ():
        advancer.ledger.record_plan(plan)
    advancer.advance(run_id)
    return run, jobs


def _report_delay(delay: RunDelayed) -> None:
    """Hand a delay to the alerts, unless the run has ended in this very sweep."""
    run = advancer.ledger.load(delay.run)
    if run is not None and run.state is RunState.RUNNING:
        client("sqs").send_message(QueueUrl=settings.alert_queue, MessageBody=delay.to_json())


def _unended_jobs(run: Run) -> list[Job]:
    """Return what Batch knows of the jobs whose end is not recorded."""
    submitted = [record for record in run.steps.values() if record.state is StepState.SUBMITTED]
    job_ids = [record.job_id for record in submitted if record.job_id]
    return list(describe_jobs(client("batch"), job_ids)) if job_ids else []
