"""`sluice backfill NAME --in-job`: a job does it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cli.commands.backfill.command import run
from cli.errors import UsageError
from sluice.backfill.records import BackfillProgress, BackfillRecords
from sluice.operate.errors import OperationError, RequestError
from tests.cli.harness import CommandHarness
from tests.sluice.clouds import TABLE
from tests.sluice.operate.start.inbox import Events, add_inbox

TEXT = """
from sluice import Job, Pipeline, S3Upload, Schedule

pipeline = Pipeline(
    name="{name}",
    triggers=[{trigger}],
    steps=[Job("work", image="busybox", command=["true"])],{more}
)
"""
RECONCILED = 'S3Upload(prefix="sales/", reconcile="7d")'


@pytest.fixture
def bus(harness: CommandHarness) -> Events:
    """The default bus; the pipeline sales and its backfill are deployed, and stock without one."""
    found = add_inbox(harness)
    keys = {
        name: f"{number}.json"
        for number, name in enumerate(
            ("sales", "sales-backfill", "stock", "fresh", "reported", "reported-backfill")
        )
    }
    body = json.dumps({"version": 1, "pipelines": keys})
    harness.clients["s3"].put_object(Bucket="inbox", Key="list.json", Body=body)
    outputs = harness.clients["cloudformation"].outputs
    outputs.setdefault("SluicePipelines", {})["Definitions"] = "inbox/list.json"
    return found


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A project."""
    folder = tmp_path / "pipelines"
    folder.mkdir()
    files = {
        "sales": (RECONCILED, ""),
        "stock": ('S3Upload(prefix="stock/")', ""),
        "reported": ('S3Upload(prefix="r/", reconcile="on-request", inventory="s3://reports/all/r/")', ""),
        "fresh": ('S3Upload(prefix="fresh/", reconcile="on-request")', "max_concurrent_runs=1"),
        "nightly": ('Schedule("cron(0 2 * * ? *)")', ""),
    }
    for name, (trigger, more) in files.items():
        (folder / f"{name}.py").write_text(TEXT.format(name=name, trigger=trigger, more=more))
    return tmp_path


def test_the_run_is_requested_and_its_id_is_printed(
    harness: CommandHarness, bus: Events, root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With what was asked for; nothing is listed here."""
    words = ["sales", "s3://inbox/sales/2026/", "--in-job", "--yes", "--max-concurrency", "5"]
    assert run(harness.given("backfill", *words, "--since", "2026-01-01"), harness.cloud, root) == 0
    (event,) = [json.loads(one["Detail"]) for one in bus.sent]
    assert event["pipeline"] == "sales-backfill"
    assert event["input"] == {
        "place": "s3://inbox/sales/2026/",
        "since": "2026-01-01T00:00:00+00:00",
        "max_concurrency": 5,
    }
    shown = capsys.readouterr()
    assert shown.out.startswith("sales-backfill-")
    assert "sluice backfill sales --status" in " ".join(shown.err.split())


def test_a_report_is_read_by_the_job(harness: CommandHarness, bus: Events, root: Path) -> None:
    """Which may: the folder of the reports, or one of them. Nothing is read here."""
    for place in ("s3://reports/all/r/", "s3://reports/all/r/2026-11-28T01-00Z/manifest.json"):
        words = ["reported", "--in-job", "--yes", "--inventory", place]
        assert run(harness.given("backfill", *words), harness.cloud, root) == 0
        assert json.loads(bus.sent[-1]["Detail"])["input"] == {"inventory": place}


def test_a_no_changes_nothing_and_a_count_needs_no_yes(
    harness: CommandHarness, bus: Events, root: Path
) -> None:
    """A dry run only counts, in the job as here."""
    given = harness.given("backfill", "sales", "--in-job")
    assert run(given, harness.cloud, root, ask=lambda question: False) == 1
    assert bus.sent == []
    assert run(harness.given("backfill", "sales", "--in-job", "--dry-run"), harness.cloud, root) == 0
    assert [json.loads(one["Detail"])["input"] for one in bus.sent] == [{"dry_run": True}]


@pytest.mark.parametrize(
    ("words", "error", "says"),
    [
        (["stock", "--in-job"], RequestError, "reconcile='on-request'"),
        (["fresh", "--in-job", "--yes"], OperationError, "found 'fresh-backfill'"),
        (["sales", "--in-job", "--inventory", "s3://reports/all/"], RequestError, 'S3Upload.*inventory="s3:'),
        (["reported", "--in-job", "--inventory", "s3://reports/r/"], RequestError, "s3://reports/all/r/"),
        (["fresh", "--max-concurrency", "2"], RequestError, "max_concurrent_runs=1 of fresh"),
        (["sales", "s3://other/", "--in-job"], RequestError, "of which none takes anything"),
        (["sales", "--max-concurrency", "101"], UsageError, "at most 100"),
        (["nightly", "--in-job", "--since", "2026-01-01"], UsageError, "or --in-job"),
        (["--status", "sales", "--in-job"], UsageError, "in_job beside it"),
    ],
)
def test_what_no_job_can_do_is_refused_before_anything_is_requested(
    harness: CommandHarness, bus: Events, root: Path, words: list[str], error: Any, says: str
) -> None:
    """With what to write, or to deploy."""
    with pytest.raises(error, match=says):
        run(harness.given("backfill", *words), harness.cloud, root)
    assert bus.sent == []


def test_the_status_has_jobs_with_the_states_of_their_runs(
    harness: CommandHarness, bus: Events, root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Those that work, or died; of one pipeline also those that ended."""
    records = BackfillRecords(harness.clients["dynamodb"], TABLE)
    at = "2026-01-01T12:00:00.000+00:00"
    for number, ended in enumerate((False, True)):
        records.write(
            BackfillProgress(
                pipeline="sales",
                run_id=f"sales-backfill-{number}",
                about="reconcile",
                began_at=at,
                updated_at=at,
                next_at="2026-01-08T12:00:00+00:00",
                objects=1500,
                new=3,
                ended=ended,
            )
        )
    assert run(harness.given("backfill", "--status", "--json"), harness.cloud, root) == 0
    (job,) = json.loads(capsys.readouterr().out)["jobs"]
    assert (job["run_id"], job["state"], job["objects"]) == ("sales-backfill-0", "REMOVED", 1500)
    assert run(harness.given("backfill", "sales", "--status"), harness.cloud, root) == 0
    out = capsys.readouterr().out
    assert "1,500" in out
    assert "2026-01-08 12:00:00" in out
    assert out.count("sales-backfill-") == 2
