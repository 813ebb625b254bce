"""`sluice report`."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

import pytest
from moto import mock_aws

from cli.cloud import Cloud
from cli.commands.published.report import report
from sluice import keys
from sluice.operate.errors import OperationError
from sluice.operate.run_report import report_of
from sluice.operate.watching.snapshot import read_snapshot
from sluice.run.compiled import Kind
from sluice.run.state import RunState, StepState
from tests.sluice.clouds import START
from tests.sluice.graphs import RUN_ID, pipeline, step
from tests.sluice.operate.harness import REGION, OperateHarness


@pytest.fixture
def harness(monkeypatch: pytest.MonkeyPatch) -> Iterator[OperateHarness]:
    """A run that has failed, with a file among its results."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    with mock_aws():
        harness = OperateHarness()
        for bucket in ("work", "results"):
            harness.clients["s3"].create_bucket(Bucket=bucket)
        began = START.isoformat(timespec="milliseconds")
        harness.begin(RUN_ID, began, pipeline(step("a"), step("b", after=("a",))), key="in/a.txt")
        harness.ledger.record_submitted(RUN_ID, {"a": "job-a"})
        harness.jobs.add("job-a", status="FAILED", createdAt=1_000, startedAt=2_000, stoppedAt=3_500)
        harness.ledger.record_end(RUN_ID, "a", StepState.FAILED, job_id="job-a", reason="ValueError: no")
        harness.end(RUN_ID, RunState.FAILED, "a")
        harness.clients["s3"].put_object(
            Bucket="results", Key=keys.result("words", RUN_ID, "t.csv"), Body=b"1,2"
        )
        yield harness


def _given(output: Path | None) -> argparse.Namespace:
    return argparse.Namespace(run_id=RUN_ID, output=output, json=False)


def test_the_report_of_a_failed_run(harness: OperateHarness) -> None:
    """Its reason, its times as AWS Batch has them, and its files."""
    snapshot = read_snapshot(harness.ledger, harness.jobs, RUN_ID)
    found = report_of(harness.clients["s3"], "work", "results", snapshot)
    assert (found.state, found.failures[0].reason, found.steps[0].parents) == ("FAILED", "ValueError: no", ())
    assert found.steps[0].ended_at > found.steps[0].started_at > found.steps[0].submitted_at
    assert [(one.name, one.size) for one in found.files] == [("t.csv", 3)]
    assert dict(found.input)["input"] == "in/a.txt"


def test_it_is_published_beside_the_results(
    harness: OperateHarness, capsys: pytest.CaptureFixture[str]
) -> None:
    """And is none of them the next time."""
    cloud = Cloud(harness.clients.__getitem__, "the test")
    for _ in range(2):
        assert report(_given(None), cloud) == 0
    key = keys.result("words", RUN_ID, keys.REPORT)
    assert capsys.readouterr().out.splitlines() == [f"s3://results/{key}"] * 2
    stored = harness.clients["s3"].get_object(Bucket="results", Key=key)
    assert stored["ContentType"] == "text/html; charset=utf-8"
    page = stored["Body"].read().decode()
    assert "ValueError: no" in page
    assert f"<td>{keys.REPORT}</td>" not in page


def test_it_is_written_to_a_file(harness: OperateHarness, tmp_path: Path) -> None:
    """With nothing in S3."""
    assert report(_given(tmp_path / "r.html"), Cloud(harness.clients.__getitem__, "the test")) == 0
    assert "<!doctype html>" in (tmp_path / "r.html").read_text()


def test_without_the_results_bucket_there_is_a_report_in_a_file(
    harness: OperateHarness, tmp_path: Path
) -> None:
    """That the bucket is not there may be why the run failed; beside the results there can be none."""
    s3, cloud = harness.clients["s3"], Cloud(harness.clients.__getitem__, "the test")
    s3.delete_object(Bucket="results", Key=keys.result("words", RUN_ID, "t.csv"))
    s3.delete_bucket(Bucket="results")
    assert report(_given(tmp_path / "r.html"), cloud) == 0
    assert "ValueError: no" in (tmp_path / "r.html").read_text()
    with pytest.raises(OperationError, match=r"Expected .*results.*found.*--output"):
        report(_given(None), cloud)


def test_the_report_of_a_run_has_its_failed_cleanup(harness: OperateHarness) -> None:
    """With its reason, though the run succeeded."""
    graph, run_id = pipeline(step("a"), step("cleanup", Kind.CLEANUP, after=("a",))), "words-" + "c" * 20
    harness.begin(run_id, START.isoformat(timespec="milliseconds"), graph, key="in/c.txt")
    harness.ledger.record_submitted(run_id, {"a": "job-x", "cleanup": "job-c"})
    harness.jobs.add("job-c", status="FAILED", createdAt=1_000, startedAt=2_000, stoppedAt=3_500)
    harness.ledger.record_end(run_id, "a", StepState.SUCCEEDED, job_id="job-x")
    harness.ledger.record_end(run_id, "cleanup", StepState.FAILED, job_id="job-c", reason="AccessDenied")
    harness.end(run_id, RunState.SUCCEEDED)
    snapshot = read_snapshot(harness.ledger, harness.jobs, run_id)
    found = report_of(harness.clients["s3"], "work", "results", snapshot)
    assert [(one.step, one.reason) for one in found.failures] == [("cleanup", "AccessDenied")]
