"""Objects that no event has brought are found by the job of the pipeline's schedule, with IAM enforced."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from cli.cloud import Cloud
from cli.commands.backfill.command import run as run_backfill
from cli.main import parser
from sluice.run.state import RunState
from tests.e2e.application import Application, wait_for
from tests.e2e.project import PIPELINES
from tests.e2e.reconciles import PIPELINE, first_reconcile_was, published, reconcile

BUCKET = "team-archive"
EXPRESSION = "rate(7 days)"
TRIGGER = f"s3://{BUCKET}/orders/*.csv"


@pytest.fixture(scope="module")
def bucket(app: Application) -> str:
    """A bucket whose events are on."""
    app.client("s3").create_bucket(Bucket=BUCKET)
    switch(app, on=True)
    return BUCKET


def switch(app: Application, *, on: bool) -> None:
    """Switch the bucket's events on or off."""
    wanted: dict[str, Any] = {"EventBridgeConfiguration": {}} if on else {}
    app.client("s3").put_bucket_notification_configuration(Bucket=BUCKET, NotificationConfiguration=wanted)


@contextmanager
def events_off(app: Application) -> Iterator[None]:
    """Switch the bucket's events off meanwhile."""
    switch(app, on=False)
    yield
    switch(app, on=True)


def put(app: Application, key: str) -> None:
    """Store a file."""
    app.client("s3").put_object(Bucket=BUCKET, Key=key, Body=key.encode())


def runs_of(app: Application, key: str) -> list[str]:
    """Return the runs of a file."""
    return [one for one, trigger in app.triggers() if trigger.get("key") == key]


def run_in_job(
    app: Application, capsys: pytest.CaptureFixture[str], prefix: str, *words: str
) -> dict[str, Any]:
    """Have a job backfill what is below a prefix, and return what it published."""
    given = ["backfill", PIPELINE, f"s3://{BUCKET}/{prefix}", "--in-job", "--json", *words]
    capsys.readouterr()
    cloud = Cloud(app.client, "the test's cloud")
    assert run_backfill(parser().parse_args(given), cloud, PIPELINES.parent) == 0
    return published(app, json.loads(capsys.readouterr().out)["run_id"])


def groups_of(app: Application, prefix: str) -> dict[str, int]:
    """Return the runs of groups of files below a prefix, with how many files they have."""
    return {run: trigger["files"] for run, trigger in app.triggers() if trigger.get("prefix") == prefix}


def next_second() -> datetime:
    """Return the beginning of the next second, when it is over: S3 knows the times of objects to a second."""
    found = datetime.fromtimestamp(math.ceil(time.time()) + 1, UTC)
    time.sleep((found + timedelta(seconds=1) - datetime.now(UTC)).total_seconds())
    return found


def test_a_lost_event_is_made_up_for_once_and_what_was_there_before_waits_until_it_is_asked_for(
    app: Application, bucket: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """An object of before the first reconcile starts nothing by itself."""
    with events_off(app):
        put(app, "orders/early.csv")
        first_reconcile_was(app, TRIGGER, next_second())
        put(app, "orders/silent.csv")
        put(app, "orders/silent.txt")
    put(app, "orders/loud.csv")
    wait_for(lambda: runs_of(app, "orders/loud.csv"), "the run of an event")
    found = reconcile(app, EXPRESSION, next_second())
    assert (found["objects"], found["new"], found["ended"]) == (2, 1, True)
    (silent,) = wait_for(lambda: runs_of(app, "orders/silent.csv"), "the run of a lost event")
    app.wait_until_ended(silent)
    assert reconcile(app, EXPRESSION, next_second())["new"] == 0
    assert [len(runs_of(app, f"orders/{name}.csv")) for name in ("early", "silent", "loud")] == [0, 1, 1]

    counted = run_in_job(app, capsys, "orders/", "--dry-run")
    assert (counted["objects"], counted["new"], runs_of(app, "orders/early.csv")) == (3, 1, [])
    done = run_in_job(app, capsys, "orders/", "--yes", "--max-concurrency", "1")
    assert (done["objects"], done["new"]) == (3, 1)
    (early,) = wait_for(lambda: runs_of(app, "orders/early.csv"), "the run that was asked for")
    app.wait_until_ended(early)
    run = app.ledger.load(early)
    assert run is not None
    assert run.state is RunState.SUCCEEDED
    assert run.pipeline.concurrency is not None
    assert run.pipeline.concurrency.max_runs == 1

    shown = parser().parse_args(["backfill", PIPELINE, "--status", "--json"])
    assert run_backfill(shown, Cloud(app.client, "the test's cloud"), PIPELINES.parent) == 0
    jobs = json.loads(capsys.readouterr().out)["jobs"]
    assert [(one["state"], one["new"]) for one in jobs if one["run_id"] == done["run_id"]] == [
        ("SUCCEEDED", 1)
    ]


def test_a_job_puts_what_is_there_into_groups(
    app: Application, bucket: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of a trigger that gathers; a second one finds nothing new."""
    keys = [f"batches/{number}" for number in range(3)]
    with events_off(app):
        for key in keys:
            put(app, key)
    assert [run_in_job(app, capsys, "batches/", "--yes")["new"] for _ in range(2)] == [3, 0]
    runs = wait_for(
        lambda: found if len(found := groups_of(app, "batches/")) == 2 else None, "a run of each group"
    )
    assert sorted(runs.values()) == [1, 2]
    assert {app.wait_until_ended(run).state for run in runs} == {RunState.SUCCEEDED}
