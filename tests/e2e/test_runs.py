"""Files in, results out: whole runs on the deployed app."""

from __future__ import annotations

import json

import pytest

from cli.commands.demo import files
from cli.commands.demo.reference import flight_delays, word_counts
from sluice.run.state import RunState, StepState
from tests.e2e.application import Application, Upload
from tests.e2e.conftest import ODD_KEYS

Burst = dict[str, Upload]


def test_the_stacks_say_where_things_are(app: Application) -> None:
    """The outputs name the buckets, the ledger and each job queue."""
    expected = {"InboxBucket", "ResultsBucket", "LedgerTable", "NormalQueue", "FargateSpotNormalQueue"}
    assert expected <= app.outputs.keys()


def test_flights_equal_one_pass_over_the_file(app: Application, burst: Burst, flights: bytes) -> None:
    """Every figure that flight-delays publishes equals an independent computation."""
    run = app.ended(burst["flights"])
    assert run.state is RunState.SUCCEEDED, {step.name: step.reason for step in run.steps.values()}
    assert run.steps["read"].children > 1
    assert json.loads(app.published(run, "summary.json")) == flight_delays(flights)


def test_words_equal_one_pass_over_the_text(app: Application, burst: Burst) -> None:
    """Every count that word-count publishes equals an independent computation."""
    run = app.ended(burst["text"])
    assert run.state is RunState.SUCCEEDED, {step.name: step.reason for step in run.steps.values()}
    assert run.steps["count"].children > 1
    assert json.loads(app.published(run, "counts.json")) == dict(word_counts(files.text()[:200_000]))


def test_the_work_bucket_is_empty_after_a_run(app: Application, burst: Burst) -> None:
    """The cleanup removes everything transient of a run."""
    run = app.ended(burst["text"])
    assert run.steps["cleanup"].state is StepState.SUCCEEDED
    listed = app.client("s3").list_objects_v2(Bucket=app.outputs["WorkBucket"], Prefix=f"runs/{run.run_id}/")
    assert listed.get("KeyCount", 0) == 0


def test_the_same_content_twice_is_two_runs(app: Application, burst: Burst) -> None:
    """Each version of an object is a run of its own, whatever is in it."""
    first, second = app.ended(burst["first"]), app.ended(burst["second"])
    assert first.run_id != second.run_id
    assert {first.state, second.state} == {RunState.SUCCEEDED}


@pytest.mark.parametrize("name", ODD_KEYS)
def test_a_key_may_be_odd(app: Application, burst: Burst, name: str) -> None:
    """A key that S3 takes starts a run that reads that very object."""
    run = app.ended(burst[name])
    assert run.state is RunState.SUCCEEDED, {step.name: step.reason for step in run.steps.values()}
    assert json.loads(app.published(run, "counts.json")) == {"to": 2, "be": 2, "or": 1, "not": 1}


def test_an_empty_file_is_a_run_without_items(app: Application, burst: Burst) -> None:
    """A plan that finds nothing leaves its arrays empty, and what follows runs."""
    run = app.ended(burst["empty"])
    assert run.state is RunState.SUCCEEDED, {step.name: step.reason for step in run.steps.values()}
    assert {run.steps[name].state for name in ("count", "rank")} == {StepState.EMPTY}
    assert json.loads(app.published(run, "counts.json")) == {}


def test_a_job_is_submitted_once_for_each_step(app: Application, burst: Burst) -> None:
    """Batch knows one job for each step of a run, by its derived name."""
    run = app.ended(burst["text"])
    for step in run.steps:
        name = f"{run.run_id}_{step}_0"
        queue = app.outputs["NormalQueue"]
        jobs = app.client("batch").list_jobs(
            jobQueue=queue, filters=[{"name": "JOB_NAME", "values": [name]}]
        )["jobSummaryList"]
        assert [job["jobId"] for job in jobs] == [run.steps[step].job_id]
