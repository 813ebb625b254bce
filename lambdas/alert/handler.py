"""alert: send alerts of failed and late runs and of blocked queues, with equal ones gathered, and events of
new states of runs.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from lambdas.alert.automation import send_event, send_results_complete
from lambdas.alert.blocked import confirm_blocked
from lambdas.alert.failure import failure
from lambdas.alert.gathering import Gathering
from lambdas.alert.ticket import open_ticket
from lambdas.consuming import consume, count, logger
from sluice.alerts import early_alerts, run_events
from sluice.alerts.alert_message import AlertMessage
from sluice.alerts.delays import alert_note
from sluice.alerts.digest import LAST_BEFORE_DIGESTS, DigestDue, is_of_sets
from sluice.alerts.queue_messages import QueueBlocked, parse_alert
from sluice.alerts.results_complete import ResultsComplete
from sluice.alerts.run_events import RunChanged
from sluice.alerts.run_failed import Alert
from sluice.alerts.series import Notify
from sluice.alerts.series_records import SeriesRecords
from sluice.alerts.set_reported import set_reported
from sluice.aws.clients import client
from sluice.errors import MalformedMessageError, SluiceError
from sluice.ledger.ledger import Ledger
from sluice.ledger.sent_alerts import SentAlert, SentAlerts
from sluice.messages import LATE as LATE_DELAY
from sluice.messages import EnvironmentInvalid, RunDelayed, RunFailed, SetReport
from sluice.run.state import Run
from sluice.settings import AlertSettings

DIGEST = "digest"
STALE = timedelta(minutes=2)
"""The age of a begun and not completed alert after which its Lambda counts as dead."""

settings = AlertSettings.from_env()
ledger = Ledger(client("dynamodb"), settings.ledger_table)
sent_alerts = SentAlerts(client("dynamodb"), settings.ledger_table)
gathering = Gathering(
    SeriesRecords(client("dynamodb"), settings.ledger_table),
    lambda alert, series: _publish(
        alert, DIGEST, series.pipeline, "" if is_of_sets(series) else series.newest
    ),
)


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Read the alert queue."""
    return consume(event, context, _alert, settings.dead_letter_queue)


def _alert(body: str) -> None:
    message = parse_alert(body)
    match message:
        case RunChanged():
            send_event(message, settings.stack_prefix)
        case ResultsComplete():
            send_results_complete(message)
        case RunFailed():
            _failed(message)
        case RunDelayed():
            _delayed(message)
        case QueueBlocked():
            _blocked(message)
        case EnvironmentInvalid():
            _invalid(message)
        case DigestDue():
            gathering.send_digest(message.digest)
        case SetReport():
            _reported(message)


def _failed(message: RunFailed) -> None:
    run = _run(message.run)
    # A step that fails again in a later generation gets another alert.
    note = f"alert:{message.step}:{message.generation}"
    # The evidence is read at most once, and not at all when the alert was sent before.
    alert = cache(lambda: _failure(run, message.step).message())
    notify = gathering.count_failure(run, message.step, message.generation)
    if notify is Notify.GATHERED:
        logger.info("This failure is one of many: a digest counts it.", run=run.run_id, step=message.step)
        return
    _once(run.run_id, note, lambda: _publish_of(run, _in_series(alert(), notify), "failed"))
    if run.pipeline.ticket:
        _once(run.run_id, "ticket", lambda: open_ticket(run, alert(), settings.stack_prefix))


def _reported(message: SetReport) -> None:
    notify = gathering.count_set(message)
    if notify is Notify.GATHERED:
        logger.info("This report is one of many: a digest counts it.", set=message.set)
        return
    alert = _in_series(set_reported(message), notify)
    _once(message.subject, f"alert:{message.event}", lambda: _publish(alert, "set", message.pipeline))


def _in_series(alert: AlertMessage, notify: Notify) -> AlertMessage:
    """Return the alert without a text message unless it is the first of its kind; the last one says so."""
    more = f"\n{LAST_BEFORE_DIGESTS}" if notify is Notify.LAST else ""
    return replace(alert, quiet=notify is not Notify.FIRST, email=alert.email + more)


def _failure(run: Run, step: str) -> Alert:
    return failure(
        run,
        step,
        results_bucket=settings.results_bucket,
        work_bucket=settings.work_bucket,
    )


def _delayed(message: RunDelayed) -> None:
    run = _run(message.run)
    alert = early_alerts.delayed(run, message)
    if message.delay == LATE_DELAY:
        send_event(
            run_events.change(run, run.state, datetime.now(UTC).isoformat(timespec="milliseconds")),
            settings.stack_prefix,
            run_events.LATE,
        )
        notify = gathering.count_late(run, message.why)
        gathered = notify is Notify.GATHERED
        _once(
            run.run_id,
            alert_note(message.delay),
            lambda: None if gathered else _publish_of(run, _in_series(alert, notify), message.delay),
        )
        if gathered:
            return
        if run.pipeline.ticket:
            _once(run.run_id, "ticket", lambda: open_ticket(run, alert, settings.stack_prefix))
        return
    # Many runs may wait for the same machines: one alert a pipeline and day. The note on each run keeps the
    # sweep from sending its delay again.
    of_today = f"{alert_note(message.delay)}:{_today()}"
    _once(f"pipeline-{run.pipeline.name}", of_today, lambda: _publish_of(run, alert, message.delay))
    _once(run.run_id, alert_note(message.delay), lambda: None)


def _blocked(message: QueueBlocked) -> None:
    """Send one alert a day for each queue, reason and pipeline, once it has been blocked for some minutes;
    the same reason blocks the next job too.
    """
    found = confirm_blocked(message, settings.alert_queue)
    if found is None:
        return
    message = found
    alert = early_alerts.blocked(message, os.environ["AWS_REGION"])
    run_id = message.name.run_id if message.name else ""
    pipeline = run_id.rpartition("-")[0]
    reason = message.reason.partition(" ")[0][:80]
    _once(
        f"queue-{message.queue_name}",
        f"alert:blocked:{pipeline or 'none'}:{reason}:{_today()}",
        lambda: _publish(alert, "blocked", pipeline, run_id),
    )


def _invalid(message: EnvironmentInvalid) -> None:
    """Send one alert a day for each environment."""
    alert = early_alerts.invalid(message, os.environ["AWS_REGION"])
    _once(
        f"environment-{message.environment}", f"alert:invalid:{_today()}", lambda: _publish(alert, "invalid")
    )


def _run(run_id: str) -> Run:
    run = ledger.load(run_id)
    if run is None:
        raise MalformedMessageError(f"Expected a run of the ledger, found {run_id!r}.")
    return run


def _once(subject: str, event: str, act: Callable[[], None]) -> None:
    """Act once for each event of a run, a queue or an environment, and again only when it failed."""
    now = datetime.now(UTC)
    if not ledger.try_begin(
        subject,
        event,
        now.isoformat(timespec="microseconds"),
        (now - STALE).isoformat(timespec="microseconds"),
    ):
        logger.info("This alert was sent before.", subject=subject, event=event)
        return
    try:
        act()
    except (ClientError, BotoCoreError, SluiceError):
        ledger.abandon(subject, event)
        raise
    ledger.complete(subject, event)


def _publish_of(run: Run, alert: AlertMessage, kind: str) -> None:
    _publish(alert, kind, run.pipeline.name, run.run_id)


def _publish(alert: AlertMessage, kind: str, pipeline: str = "", run: str = "") -> None:
    """Send an alert, and write down that it was sent, of which pipeline and run."""
    for topic in (settings.alert_topic,) if alert.quiet else (settings.alert_topic, settings.phone_topic):
        client("sns").publish(
            TopicArn=topic,
            Subject=alert.subject_line(),
            Message=alert.sns_message(),
            MessageStructure="json",
        )
    count("AlertsSent")
    logger.info("An alert was sent.", subject=alert.subject)
    sent = SentAlert(
        at=datetime.now(UTC).isoformat(timespec="milliseconds"),
        kind=kind,
        subject=alert.subject_line(),
        text=alert.description(),
        pipeline=pipeline,
        run=run,
    )
    try:
        sent_alerts.record(sent)
    except (ClientError, BotoCoreError) as error:
        # It was sent; to send it once more would be worse than that the console does not list it.
        logger.warning(
            "An alert that was sent could not be recorded.", subject=alert.subject, error=str(error)
        )


def _today() -> str:
    return datetime.now(UTC).date().isoformat()
