"""alert: tell people once of what failed, is late or is blocked; tell other automation of every run's new
state.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from lambdas.alert.automation import send_event
from lambdas.alert.failure import failure
from lambdas.alert.ticket import open_ticket
from lambdas.consuming import consume, count, logger
from sluice.alerts import early_alerts, run_events
from sluice.alerts.alert_message import AlertMessage
from sluice.alerts.delays import note_of
from sluice.alerts.queue_messages import QueueBlocked, parse_alert
from sluice.alerts.run_events import RunChanged
from sluice.aws.clients import client
from sluice.errors import MalformedMessageError, SluiceError
from sluice.ledger.ledger import Ledger
from sluice.messages import LATE as LATE_DELAY
from sluice.messages import EnvironmentInvalid, RunDelayed, RunFailed
from sluice.run.state import Run
from sluice.settings import AlertSettings

STALE = timedelta(minutes=2)
"""A note of an alert that is older and not done is of a Lambda that died while it told."""

settings = AlertSettings.from_env()
ledger = Ledger(client("dynamodb"), settings.ledger_table)


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Read the alert queue."""
    return consume(event, context, _alert, settings.dead_letter_queue)


def _alert(body: str) -> None:
    message = parse_alert(body)
    match message:
        case RunChanged():
            send_event(message)
        case RunFailed():
            _failed(message)
        case RunDelayed():
            _delayed(message)
        case QueueBlocked():
            _blocked(message)
        case EnvironmentInvalid():
            notice = early_alerts.invalid(message, os.environ["AWS_REGION"])
            _once(f"environment-{message.environment}", f"alert:invalid:{_today()}", lambda: _publish(notice))


def _failed(message: RunFailed) -> None:
    run = _run(message.run)
    # A step that fails again after it was submitted again is told again.
    note = f"alert:{message.step}:{message.generation}"
    # Looked up when it is needed, and once: what was told before needs no evidence.
    notice = cache(lambda: failure(run, message.step, settings.results_bucket).notice())
    _once(run.run_id, note, lambda: _publish(notice()))
    if run.pipeline.ticket:
        _once(run.run_id, "ticket", lambda: open_ticket(run, notice()))


def _delayed(message: RunDelayed) -> None:
    run = _run(message.run)
    notice = early_alerts.delayed(run, message)
    if message.delay == LATE_DELAY:
        send_event(
            run_events.change(run, run.state, datetime.now(UTC).isoformat(timespec="milliseconds")),
            run_events.LATE,
        )
        _once(run.run_id, note_of(message.delay), lambda: _publish(notice))
        if run.pipeline.ticket:
            _once(run.run_id, "ticket", lambda: open_ticket(run, notice))
        return
    # Many runs may wait for the same machines: one alert a pipeline and day, and a note on each run, so that
    # the sweep is quiet.
    _once(f"pipeline-{run.pipeline.name}", f"{note_of(message.delay)}:{_today()}", lambda: _publish(notice))
    _once(run.run_id, note_of(message.delay), lambda: None)


def _blocked(message: QueueBlocked) -> None:
    """Tell of a queue once a day for each reason and pipeline: whatever comes to its head next is blocked by
    the same.
    """
    notice = early_alerts.blocked(message, os.environ["AWS_REGION"])
    pipeline = message.name.run_id.rpartition("-")[0] if message.name else "none"
    reason = message.reason.partition(" ")[0][:80]
    _once(
        f"queue-{message.queue_name}",
        f"alert:blocked:{pipeline}:{reason}:{_today()}",
        lambda: _publish(notice),
    )


def _run(run_id: str) -> Run:
    run = ledger.load(run_id)
    if run is None:
        raise MalformedMessageError(f"Expected a run of the ledger, found {run_id!r}.")
    return run


def _once(subject: str, event: str, act: Callable[[], None]) -> None:
    """Do something once for a run, a queue or an environment, however often it is asked for; again when it
    failed.
    """
    now = datetime.now(UTC)
    if not ledger.try_begin(
        subject,
        event,
        now.isoformat(timespec="microseconds"),
        (now - STALE).isoformat(timespec="microseconds"),
    ):
        logger.info("This was done before.", subject=subject, event=event)
        return
    try:
        act()
    except (ClientError, BotoCoreError, SluiceError):
        ledger.abandon(subject, event)
        raise
    ledger.complete(subject, event)


def _publish(notice: AlertMessage) -> None:
    topic = settings.alert_topic
    client("sns").publish(
        TopicArn=topic, Subject=notice.subject_line(), Message=notice.message(), MessageStructure="json"
    )
    count("AlertsSent")
    logger.info("A person was told.", subject=notice.subject)


def _today() -> str:
    return datetime.now(UTC).date().isoformat()
