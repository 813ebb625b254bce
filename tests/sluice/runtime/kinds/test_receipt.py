"""The receipt of a run, which its cleanup writes last."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest

from sluice import keys
from sluice.pipeline.definition import Job, Manual, Pipeline
from sluice.run.compiled import Kind
from sluice.run.state import Run
from sluice.run.submission import Submission
from sluice.triggers.trigger_event import Request
from tests.sluice.runtime.jobs import INBOX, RESULTS, Jobs, functions_of
from tests.sluice.runtime.probe import FUNCTIONS

OWN = "team-results"


def receipt(jobs: Jobs, bucket: str, prefix: str) -> dict[str, Any]:
    """Return the receipt in a folder."""
    found: dict[str, Any] = json.loads(jobs.read(bucket, f"{prefix}{keys.RECEIPT}"))
    return found


def test_a_receipt_says_what_was_worked_on_and_what_was_published(jobs: Jobs, run: Run) -> None:
    """Inputs with versions, items, code, and each file with its size and the checksum of its content."""
    assert jobs.drive(run, FUNCTIONS) == "SUCCEEDED"
    prefix = f"{run.pipeline.name}/{run.run_id}/"
    found = receipt(jobs, RESULTS, prefix)
    assert (found["run"], found["version"], found["pipeline"]) == (run.run_id, 0, run.pipeline.name)
    assert [(one["bucket"], one["key"], one["version_id"]) for one in found["inputs"]] == [
        (INBOX, run.trigger["key"], run.trigger["version_id"])
    ]
    names = [key.removeprefix(prefix) for key in jobs.keys(RESULTS, prefix)]
    assert [one["name"] for one in found["files"]] == [one for one in names if one not in keys.OWN_RESULTS]
    assert found["count"] == len(found["files"]) > 0
    for one in found["files"]:
        content = jobs.read(RESULTS, prefix + one["name"])
        assert (one["size"], one["sha256"]) == (len(content), hashlib.sha256(content).hexdigest())
    assert found["items"]["failed"] == 0
    assert {step["job_definition"] for step in found["steps"].values()} >= {"sluice-work"}
    assert len(found["code"]["definition"]) == 64


def test_the_receipt_comes_behind_every_file_and_before_the_run_ends(
    jobs: Jobs, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who waits for it finds all that it names; without it the run does not succeed."""
    from sluice.runtime.kinds import cleanup

    def refuse(context: Any) -> None:
        raise RuntimeError("S3 has a bad day")

    monkeypatch.setattr(cleanup, "write_receipt", refuse)
    assert jobs.drive(run, FUNCTIONS) == "FAILED"
    assert not [key for key in jobs.keys(RESULTS) if key.endswith(keys.RECEIPT)]
    assert jobs.keys("work") != [], "what a retry needs is kept"


def publishing(results: str) -> Pipeline:
    """Return a pipeline whose one job publishes a file that its request names."""
    job = Job("publish", run="publish_input")
    return Pipeline(name="flights", triggers=[Manual()], steps=[job], results=results)


def driven(jobs: Jobs, results: str, mark: str, given: dict[str, str]) -> Run:
    """Run the pipeline once."""
    jobs.mark = mark * 20
    pipeline = publishing(results)
    run = jobs.begin(pipeline, Request(token=mark, input=given))
    jobs.module = "tests.sluice.runtime.functions"
    assert jobs.drive(run, functions_of(pipeline)) == "SUCCEEDED"
    return run


@pytest.fixture
def own(jobs: Jobs) -> Jobs:
    """A cloud with a bucket of the team's own."""
    jobs.s3.create_bucket(Bucket=OWN)
    return jobs


def test_a_bucket_of_ones_own_has_a_folder_for_each_run(own: Jobs) -> None:
    """Nothing of it lands in the results bucket."""
    run = driven(own, f"s3://{OWN}/flights/", "a", {"name": "totals.csv"})
    prefix = f"flights/{run.run_id}/"
    assert own.keys(OWN) == [f"{prefix}{name}" for name in (keys.REPORT, keys.RECEIPT, "totals.csv")]
    assert [one["name"] for one in receipt(own, OWN, prefix)["files"]] == ["totals.csv"]
    assert own.keys(RESULTS) == []


def test_runs_of_one_key_share_a_folder_and_the_last_to_end_has_the_receipt(own: Jobs) -> None:
    """It names its own files alone: what an earlier run left is no part of it, and stays."""
    address = f"s3://{OWN}/flights/{{date}}/"
    first = driven(own, address, "a", {"name": "old.csv", "date": "2026-01-31"})
    assert receipt(own, OWN, "flights/2026-01-31/")["run"] == first.run_id
    second = driven(own, address, "b", {"name": "new.csv", "date": "2026-01-31"})
    found = receipt(own, OWN, "flights/2026-01-31/")
    assert (found["run"], [one["name"] for one in found["files"]]) == (second.run_id, ["new.csv"])
    assert "flights/2026-01-31/old.csv" in own.keys(OWN)
    assert found["key"]["date"] == "2026-01-31"


def test_a_file_that_another_program_wrote_is_of_the_run_that_was_under_way(own: Jobs) -> None:
    """It bears no run's id: the time tells; by run, everything in the folder is the run's."""
    own.s3.put_object(Bucket=OWN, Key="flights/2026-01-31/by-a-command.csv", Body=b"x")
    driven(own, f"s3://{OWN}/flights/{{date}}/", "a", {"name": "a.csv", "date": "2026-01-31"})
    found = receipt(own, OWN, "flights/2026-01-31/")
    assert [one["name"] for one in found["files"]] == ["a.csv", "by-a-command.csv"]


def test_a_cleanup_that_died_while_it_removed_things_is_repeated(
    jobs: Jobs, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the receipt is made of may be gone: there is one, and it stays as it was."""
    from sluice.runtime.kinds import cleanup

    assert jobs.drive(run, FUNCTIONS) == "SUCCEEDED"
    prefix = f"{run.pipeline.name}/{run.run_id}/"
    before = receipt(jobs, RESULTS, prefix)

    def refuse(context: Any) -> None:
        raise RuntimeError("what it is made of is gone")

    monkeypatch.setattr(cleanup, "write_receipt", refuse)
    stored = jobs.ledger.load(run.run_id)
    assert stored is not None
    own = next(step for step in run.pipeline.steps if step.kind is Kind.CLEANUP)
    again = Submission(own, 1)
    assert jobs.start(stored, again, 0, FUNCTIONS, AWS_BATCH_JOB_ATTEMPT="2") == 0
    assert receipt(jobs, RESULTS, prefix) == before
    assert jobs.start(stored, again, 0, FUNCTIONS) != 0, "the first attempt writes it"


def test_many_and_empty_files_are_named_in_order(own: Jobs) -> None:
    """Read a few at a time; the order is that of the names."""
    prefix = f"flights/flights-{'a' * 20}/"
    for number in range(40):
        own.s3.put_object(Bucket=OWN, Key=f"{prefix}{number:03d}", Body=b"" if number == 7 else b"x" * number)
    driven(own, f"s3://{OWN}/flights/", "a", {"name": "z"})
    found = receipt(own, OWN, prefix)
    assert [one["name"] for one in found["files"]] == [*(f"{number:03d}" for number in range(40)), "z"]
    assert found["files"][7]["sha256"] == hashlib.sha256(b"").hexdigest()
