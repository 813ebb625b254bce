"""alert: a run has failed; tell a person once, with the reason and the command that mends it."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from lambdas.alert.evidence import Evidence, gather
from lambdas.consuming import consume, count, logger
from sluice.alerts import Alert
from sluice.clients import client
from sluice.errors import MalformedMessageError
from sluice.ledger import Ledger
from sluice.messages import RunFailed
from sluice.run import Run, StepRecord, StepState
from sluice.settings import AlertSettings
from sluice.trigger import stored_occurrence

STALE = timedelta(minutes=2)
"""A note of an alert that is older and not done is of a Lambda that died while it told."""

settings = AlertSettings.from_env()
ledger = Ledger(client("dynamodb"), settings.ledger_table)


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Read the alert queue."""
    return consume(event, context, _alert, settings.dead_letter_queue)


def _alert(body: str) -> None:
    message = RunFailed.from_json(body)
    run = ledger.load(message.run)
    if run is None:
        raise MalformedMessageError(f"Expected a run of the ledger, found {message.run!r}.")
    # A step that fails again after it was submitted again is told again.
    event = f"alert:{message.step}:{message.generation}" if message.generation else f"alert:{message.step}"
    now = datetime.now(UTC)
    if not ledger.first(run.run_id, event, now.isoformat(timespec="microseconds"), (now - STALE).isoformat(timespec="microseconds")):
        logger.info("A person was told of this failure before.", run=run.run_id, step=message.step)
        return
    try:
        _publish(_composed(run, message.step))
    except (ClientError, BotoCoreError):
        ledger.forget(run.run_id, event)
        raise
    ledger.did(run.run_id, event)


def _composed(run: Run, step: str) -> Alert:
    record = run.steps.get(step)
    evidence = gather(record.job_id, record.size) if record and record.job_id else Evidence()
    return Alert(
        pipeline=run.pipeline.name,
        run_id=run.run_id,
        step=step,
        reason=_reason(record),
        trigger=stored_occurrence(run.trigger),
        children=record.size if record else 1,
        region=os.environ["AWS_REGION"],
        results_bucket=settings.results_bucket,
        job_id=record.job_id if record else None,
        log_group=evidence.log_group,
        log_stream=evidence.log_stream,
        log_lines=evidence.log_lines,
    )


def _reason(record: StepRecord | None) -> str:
    if record is not None and record.terms.carried and record.state is StepState.SUCCEEDED:
        return f"its children {record.terms.carried} failed before, and those that lost their machines succeeded on others"
    return (record.reason if record else None) or "no reason is recorded"


def _publish(alert: Alert) -> None:
    client("sns").publish(TopicArn=settings.alert_topic, Subject=alert.subject(), Message=alert.message(), MessageStructure="json")
    count("AlertsSent")
    logger.info("A person was told.", run=alert.run_id, step=alert.step)
