"""The jobs that Sluice adds: the cleanup removes what a run left, gates do nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from sluice import keys
from sluice.ledger.ledger import Assignment, Ledger
from sluice.pipeline.definition import Job, Pipeline, S3Upload
from sluice.run.state import Run, RunState, StepRecord, StepState
from tests.sluice.runtime.jobs import WORK, Jobs, functions_of
from tests.sluice.runtime.probe import FUNCTIONS


def test_cleanup_leaves_other_runs_alone(jobs: Jobs, run: Run) -> None:
    """Only the run's own transient objects are removed."""
    jobs.s3.put_object(Bucket=WORK, Key=keys.run_prefix(run.run_id + "x") + "kept", Body=b"")
    jobs.drive(run, FUNCTIONS)
    assert jobs.keys(WORK) == [keys.run_prefix(run.run_id + "x") + "kept"]


def test_cleanup_removes_more_than_a_page(jobs: Jobs, run: Run) -> None:
    """More objects than one call lists or deletes are all removed."""
    for number in range(1_005):
        jobs.s3.put_object(Bucket=WORK, Key=f"{keys.run_prefix(run.run_id)}{number}", Body=b"")
    jobs.drive(run, FUNCTIONS)
    assert jobs.keys(WORK) == []


def test_a_cleanup_says_what_it_could_not_delete(
    jobs: Jobs, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DeleteObjects answers 200 for refused objects too; that fails the job."""
    from sluice.aws.clients import client

    refused = {"Errors": [{"Key": "runs/a", "Code": "AccessDenied"}]}
    monkeypatch.setattr(client("s3"), "delete_objects", lambda **_: refused)
    assert jobs.drive(run, FUNCTIONS) == "FAILED"
    assert jobs.failure(run, "cleanup")["error"] == "CleanupError"
    assert "found 1 refused, first runs/a: AccessDenied" in jobs.failure(run, "cleanup")["message"]


def test_gates_do_nothing(jobs: Jobs) -> None:
    """A job with more parents than Batch allows waits for gates, which do nothing."""
    parents = [Job(f"part-{number}", run="nothing") for number in range(21)]
    last = Job("last", run="nothing", after=[str(parent.name) for parent in parents])
    pipeline = Pipeline(name="wide", triggers=[S3Upload(prefix="wide/")], steps=[*parents, last])
    run = jobs.upload(pipeline, "wide/a", b"")
    jobs.module = "tests.sluice.runtime.functions"
    assert jobs.drive(run, functions_of(pipeline)) == "SUCCEEDED"
    assert {name: codes for name, codes in jobs.codes.items() if name.startswith("gate-")} == {
        "gate-0-0-last": [0],
        "gate-0-1-last": [0],
    }


@pytest.mark.parametrize("ended", [False, True])
def test_a_cleanup_believes_no_record_that_is_older_than_the_end_of_its_run(
    jobs: Jobs, run: Run, monkeypatch: pytest.MonkeyPatch, *, ended: bool
) -> None:
    """DynamoDB reads a batch item by item: the run perhaps behind its end, a step before its own."""
    read, assignment = list[tuple[str, ...]](), Ledger.assignment
    torn = StepRecord(name="gather", state=StepState.SUBMITTED, job_id="gather")

    def read_at_start(
        ledger: Ledger, run_id: str, step: str, others: Sequence[str] = ()
    ) -> Assignment | None:
        found = assignment(ledger, run_id, step, others)
        if found is None or step != "cleanup":
            return found
        state = RunState.SUCCEEDED if ended else RunState.RUNNING
        records = {**found.records, "gather": torn} if ended else found.records
        return replace(found, state=state, records=records)

    def read_later(ledger: Ledger, run_id: str, steps: Sequence[str]) -> dict[str, StepRecord]:
        read.append(tuple(steps))
        return records_of(ledger, run_id, steps)

    records_of = Ledger.records
    monkeypatch.setattr(Ledger, "assignment", read_at_start)
    monkeypatch.setattr(Ledger, "records", read_later)
    names = [step.name for step in run.pipeline.steps]
    monkeypatch.setattr(jobs, "more", {"SLUICE_READS": ",".join(names)})
    assert jobs.drive(run, FUNCTIONS) == "SUCCEEDED"
    assert [one for one in read if "cleanup" in one] == ([tuple(names)] if ended else [])
