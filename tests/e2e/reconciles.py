"""Sends what the schedules of the deployed backfill send, and reads what became of it."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from sluice.backfill.records import PREFIX, SINCE
from sluice.ledger.records import values_of
from sluice.run.job_names import run_id
from tests.e2e.application import Application
from tests.e2e.runs import ended

PIPELINE = "reconciled"


def reconcile(app: Application, expression: str, at: datetime) -> dict[str, Any]:
    """Send the message of a deployed schedule as of a time, about objects of any age; return what its run
    published.
    """
    scheduler = app.client("scheduler")
    deployed = [
        scheduler.get_schedule(Name=one["Name"])
        for one in scheduler.list_schedules()["Schedules"]
        if "reconciledbackfill" in one["Name"].lower()
    ]
    (sent,) = [one["Target"]["Input"] for one in deployed if one["ScheduleExpression"] == expression]
    moment = at.strftime("%Y-%m-%dT%H:%M:%SZ")
    body = json.loads(sent.replace("<aws.scheduler.scheduled-time>", moment))
    assert body["detail"]["input"]["min_age"] == "15m"
    body["detail"]["input"]["min_age"] = "0m"
    app.client("sqs").send_message(QueueUrl=app.queue("trigger"), MessageBody=json.dumps(body))
    return published(app, run_id(f"{PIPELINE}-backfill", f"schedule:{expression} UTC", {"time": moment}))


def published(app: Application, job: str) -> dict[str, Any]:
    """Return what a backfill published when its run has ended well."""
    return dict(json.loads(app.published(ended(app, job), "backfill.json")))


def first_reconcile_was(app: Application, trigger: str, at: datetime) -> None:
    """Let the reconcile that the deploy began have been at a time; it finds that recorded, if it comes."""
    item = values_of(pk=PREFIX + PIPELINE, sk=SINCE + trigger, at=at.isoformat())
    app.client("dynamodb").put_item(TableName=app.outputs["LedgerTable"], Item=item)
