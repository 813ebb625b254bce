"""Objects that a report of S3 Inventory names become runs, by command and by job, with IAM enforced."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from cli.cloud import Cloud
from cli.commands.backfill.command import run as run_backfill
from cli.main import parser
from local.server.process import control
from sluice.backfill.listing import listed
from sluice.backfill.target import Target
from sluice.grouping.ledger import GroupLedger
from sluice.operate.errors import RequestError
from sluice.run.state import RunState
from tests.e2e.application import Application, wait_for
from tests.e2e.project import PIPELINES
from tests.e2e.reconciles import PIPELINE, first_reconcile_was, reconcile
from tests.e2e.runs import ended, jobs, lines
from tests.sluice.backfill.inventory.written import CURRENT, SOURCE, Buckets, row, write_report

BUCKET, REPORTS = SOURCE, "team-reports"
EXPRESSION, EVERY = "rate(2 days)", timedelta(days=2)
TRIGGER = f"s3-group://{BUCKET}/bundles/*"
FOLDER = f"s3://{REPORTS}/all/landing/daily/"
GONE = "gone.csv"


@pytest.fixture(scope="module")
def bucket(app: Application) -> str:
    """A bucket whose events are off, and that of the reports."""
    for name in (BUCKET, REPORTS):
        app.client("s3").create_bucket(Bucket=name)
    return BUCKET


def reported(app: Application, form: str, date: str, keys: list[str], **changes: str) -> str:
    """Store objects, and a report of them and of one that is gone; ``changes`` are what its manifest says
    otherwise. Return the place of the report.
    """
    s3, written = app.client("s3"), Buckets()
    for key in keys:
        s3.put_object(Bucket=BUCKET, Key=key, Body=key.encode())
    folder = keys[0].rpartition("/")[0]
    found = s3.get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix=f"{folder}/")
    rows = [
        row(
            one["Key"],
            Bucket=BUCKET,
            Size=one["Size"],
            ETag=one["ETag"].strip('"'),
            LastModifiedDate=one["LastModified"],
        )
        for page in found
        for one in page["Contents"]
    ]
    gone = row(f"{folder}/{GONE}", Bucket=BUCKET, LastModifiedDate=rows[0]["LastModifiedDate"])
    parts = [rows[: len(rows) // 2], [*rows[len(rows) // 2 :], gone]]
    place = write_report(
        written,
        parts,
        form=form,
        fields=CURRENT,
        date=date,
        sourceBucket=BUCKET,
        destinationBucket=f"arn:aws:s3:::{REPORTS}",
        **changes,
    )
    for (_, key), content in written.objects.items():
        s3.put_object(Bucket=REPORTS, Key=key, Body=content)
    return f"s3://{REPORTS}/{place.removeprefix('s3://').partition('/')[2]}"


def backfill(client: Callable[[str], Any], *words: str) -> int:
    """Give the command."""
    given = parser().parse_args(["backfill", PIPELINE, *words, "--yes", "--json"])
    return run_backfill(given, Cloud(client, "the test's cloud"), PIPELINES.parent)


def requested(app: Application, capsys: pytest.CaptureFixture[str], *words: str) -> str:
    """Have a job do it, and return the id of its run."""
    capsys.readouterr()
    assert backfill(app.client, *words, "--in-job") == 0
    return str(json.loads(capsys.readouterr().out)["run_id"])


def groups(app: Application) -> dict[str, int]:
    """Return the runs of groups of these objects, with how many files they have."""
    return {run: sent["files"] for run, sent in app.triggers() if sent.get("prefix") == "bundles/"}


def each_in_one_group(app: Application, folder: str, keys: list[str], before: dict[str, int]) -> None:
    """Wait for the runs of groups that were not there before: they have each object of a folder, once."""

    def found() -> dict[str, int] | None:
        new = {run: files for run, files in groups(app).items() if run not in before}
        return new if sum(new.values()) >= len(keys) else None

    new = wait_for(found, f"the runs of {folder}")
    assert {app.wait_until_ended(run).state for run in new} == {RunState.SUCCEEDED}
    assert sorted(new.values()) == [50, 100]
    target = Target(
        pipeline=PIPELINE, trigger=TRIGGER, definition={}, bucket=BUCKET, prefix=folder, suffixes=("",)
    )
    files = [one for page in listed(app.client("s3"), target) for one in page]
    numbers = GroupLedger(app.client("dynamodb"), app.outputs["LedgerTable"]).numbers(
        PIPELINE, TRIGGER, files
    )
    assert sorted(Counter(numbers.values()).values()) == [50, 100]
    assert {one.key for one in numbers} == set(keys)


def keys_of(folder: str) -> list[str]:
    """Return the keys of 150 objects."""
    return [f"{folder}{number:03}" for number in range(150)]


class KilledError(BaseException):
    """The command was killed."""


class Dying:
    """A client of DynamoDB whose process is killed behind its first transaction, which has 98 objects."""

    def __init__(self, client: Any) -> None:
        """Wrap a client."""
        self._client = client

    def __getattr__(self, name: str) -> Any:
        """Return another call."""
        return getattr(self._client, name)

    def transact_write_items(self, **request: Any) -> Any:
        """Make the call, and die."""
        self._client.transact_write_items(**request)
        raise KilledError


@pytest.mark.parametrize(("form", "date"), [("CSV", "2026-11-21T01-00Z"), ("Parquet", "2026-11-22T01-00Z")])
def test_a_command_that_is_killed_and_begun_again_leaves_no_object_out_and_takes_none_twice(
    app: Application, bucket: str, capsys: pytest.CaptureFixture[str], form: str, date: str
) -> None:
    """It goes on with the group that it was filling."""
    folder, before = f"bundles/{form}/", groups(app)
    words = [f"s3://{BUCKET}/{folder}", "--inventory", reported(app, form, date, keys_of(folder))]
    dynamodb = app.client("dynamodb")
    with pytest.raises(KilledError):
        backfill(lambda service: Dying(dynamodb) if service == "dynamodb" else app.client(service), *words)
    capsys.readouterr()
    assert backfill(app.client, *words) == 0
    done = json.loads(capsys.readouterr().out)
    assert (done["objects"], done["gone"]) == (151, 1)
    assert 0 < done["new"] < 150
    each_in_one_group(app, folder, keys_of(folder), before)
    assert backfill(app.client, *words) == 0
    assert json.loads(capsys.readouterr().out)["new"] == 0


def test_a_job_reads_the_newest_report_of_the_folder_that_its_trigger_names(
    app: Application, bucket: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """One in CSV; a newer one is not whole yet, which a role that may list a prefix alone is not told by a
    read. Of another folder the command refuses it, with the line to write.
    """
    folder, before = "bundles/by-job/", groups(app)
    place = reported(app, "CSV", "2026-12-01T01-00Z", keys_of(folder))
    begun = f"{FOLDER}2026-12-02T01-00Z/manifest.json".removeprefix(f"s3://{REPORTS}/")
    app.client("s3").put_object(Bucket=REPORTS, Key=begun, Body=b"{}")
    words = [f"s3://{BUCKET}/{folder}", "--inventory"]
    with pytest.raises(RequestError, match=r'inventory="s3://team-reports/elsewhere/"'):
        backfill(app.client, *words, f"s3://{REPORTS}/elsewhere/", "--in-job")
    run = ended(app, requested(app, capsys, *words, FOLDER))
    app.client("s3").delete_object(Bucket=REPORTS, Key=begun)
    done = json.loads(app.published(run, "backfill.json"))
    assert (done["objects"], done["new"], done["gone"]) == (151, 150, 1)
    assert place in done["about"]
    each_in_one_group(app, folder, keys_of(folder), before)


def test_a_scheduled_reconcile_reads_a_report_that_is_fresh_and_lists_where_none_is(
    app: Application, bucket: str
) -> None:
    """The report is of after the reconcile before; behind the interval the same one is too old."""
    folder, before, now = "bundles/scheduled/", groups(app), datetime.now(UTC)
    first_reconcile_was(app, TRIGGER, now - timedelta(minutes=1))
    begun = str(int(now.timestamp() * 1000))
    place = reported(app, "CSV", "2099-01-01T01-00Z", keys_of(folder), creationTimestamp=begun)
    done = reconcile(app, EXPRESSION, now + EVERY - timedelta(hours=1))
    assert (done["about"], done["new"], done["gone"]) == (f"reconcile of {place}", 150, 1)
    each_in_one_group(app, folder, keys_of(folder), before)
    done = reconcile(app, EXPRESSION, now + EVERY + timedelta(hours=1))
    app.client("s3").delete_object(Bucket=REPORTS, Key=place.removeprefix(f"s3://{REPORTS}/"))
    assert done["about"].startswith("reconcile by a listing, and not by a report: Expected a report that was")
    assert (done["new"], done["gone"]) == (0, 0)


def test_a_job_whose_machine_is_lost_begins_again_and_each_object_is_in_one_group(
    app: Application, bucket: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is lost when it has filled a group that it cannot hand over; the report is in Parquet."""
    folder, before = "bundles/lost/", groups(app)
    place = reported(app, "Parquet", "2026-11-24T01-00Z", keys_of(folder))
    role = app.resource("SluicePipelines", "reconciledbackfillJobsJobRole", "AWS::IAM::Role")
    with app.without_permission(role, "sqs:SendMessage"):
        run_id = requested(app, capsys, f"s3://{BUCKET}/{folder}", "--inventory", place)

        def job() -> dict[str, Any] | None:
            run = app.ledger.load(run_id)
            return jobs(app, run).get("backfill") if run else None

        def said() -> str:
            found = job()
            return "\n".join(lines(app, found)) if found and found["container"].get("logStreamName") else ""

        wait_for(lambda: "AccessDenied" in said(), "the job to fill a group that it cannot hand over")
        found = job()
        assert found is not None
        control(app.place, "PUT", "faults", {"interrupt": str(found["jobId"]), "notice_seconds": 0})
        wait_for(lambda: (now := job()) and len(now["attempts"]) > 0, "the machine to go")
    run = ended(app, run_id)
    assert jobs(app, run)["backfill"]["attempts"][0]["statusReason"].startswith("Host EC2")
    done = json.loads(app.published(run, "backfill.json"))
    assert (done["objects"], done["ended"]) == (151, True)
    each_in_one_group(app, folder, keys_of(folder), before)
