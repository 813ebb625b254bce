"""The track Lambda: ends of jobs are recorded, and the sweep finds what events missed."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable

import pytest
from botocore.exceptions import ReadTimeoutError

from sluice.run.state import RunState, StepState
from tests.lambdas.conftest import Aws
from tests.lambdas.runs import (
    SWEEP,
    alert_queue,
    begin,
    begun,
    describe,
    describe_all_as,
    ended,
    ledger,
    old_run,
    run_of,
)
from tests.sluice.graphs import word_count


def test_an_event_of_a_job_that_the_ledger_does_not_name_changes_nothing(aws: Aws) -> None:
    """A second submission of an unknown outcome, or a foreign job of that name."""
    run_id = begun(aws)
    event = json.loads(ended(aws, run_id, "split", "FAILED"))
    event["detail"]["jobId"] = "another"
    assert aws.call("track", json.dumps(event)) == []
    assert run_of(aws, run_id).steps["split"].state is StepState.SUBMITTED


def unnamed(
    aws: Aws, monkeypatch: pytest.MonkeyPatch, whenever: Callable[[str], None]
) -> tuple[str, list[float]]:
    """Let a job end whose Lambda died before it could name it; return its run and how long track paused, with
    what happens in each.
    """
    monkeypatch.setattr(time, "sleep", lambda seconds: None)
    aws.batch.answers = [("after", ReadTimeoutError(endpoint_url="https://batch"))]
    aws.batch.pages = [{"jobSummaryList": []} for _ in range(3)]
    assert aws.call("trigger", aws.upload(word_count())) == ["0"]
    [job] = aws.batch.jobs.values()
    job["status"] = "FAILED"
    run_id, job_id, pauses = str(job["jobName"]).split("_")[0], str(job["jobId"]), list[float]()

    own = threading.get_ident()  # a thread that another test left behind sleeps, too

    def sleep(seconds: float) -> None:
        if threading.get_ident() == own:
            pauses.append(seconds)
            whenever(job_id)

    monkeypatch.setattr(time, "sleep", sleep)
    detail = {"jobName": job["jobName"], "jobId": job_id, "status": "FAILED", "container": {"exitCode": 75}}
    event = {"source": "aws.batch", "detail-type": "Batch Job State Change", "detail": detail}
    assert aws.call("track", json.dumps(event)) == []
    return run_id, pauses


def test_a_job_that_failed_before_it_was_named_is_not_its_steps_failure(
    aws: Aws, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its Lambda died before it could name it: the job gave up waiting, and its claim is settled by a look-up
    of its name.
    """
    run_id, pauses = unnamed(aws, monkeypatch, lambda _: None)
    run = run_of(aws, run_id)
    assert (run.state, run.steps["split"].state, run.steps["split"].job_id) == (
        RunState.RUNNING,
        StepState.CLAIMED,
        None,
    )
    # Four pauses with jitter: each is as long as it is drawn, and all of them within some seconds.
    assert len(pauses) > 1
    assert 0 < sum(pauses) < 8


def test_a_job_that_failed_while_it_was_being_named_fails_its_step_at_once(
    aws: Aws, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its machine could not start it, and said so before the Lambda that submitted it had written its
    name.
    """

    def name(job_id: str) -> None:
        run_id = str(aws.batch.jobs[job_id]["jobName"]).split("_")[0]
        ledger(aws).record_submitted(run_id, {"split": job_id})

    run_id, pauses = unnamed(aws, monkeypatch, name)
    assert len(pauses) == 1
    assert (run_of(aws, run_id).state, run_of(aws, run_id).steps["split"].state) == (
        RunState.FAILED,
        StepState.FAILED,
    )


def test_the_sweep_finds_an_end_whose_event_was_lost(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    """It asks Batch, and the run ends."""
    run_id, young = old_run(aws, "a"), old_run(aws, "b", minutes=0)
    describe(aws, monkeypatch)
    assert aws.call("track", '{"sweep": true}') == []
    assert run_of(aws, run_id).state is RunState.SUCCEEDED
    assert run_of(aws, young).state is RunState.RUNNING


def test_a_sweep_of_many_runs_is_spread_over_messages(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    """One Lambda could not reconcile all of them in its minute: it reconciles the first ones, and sends
    messages for the others.
    """
    runs = [old_run(aws, letter) for letter in "abcde"]
    describe(aws, monkeypatch)
    track = aws.handler("track")
    monkeypatch.setattr(track, "RUNS_AT_A_TIME", 2)
    monkeypatch.setattr(aws, "handler", lambda _: track)
    assert aws.call("track", '{"sweep": true}') == []
    assert [run_of(aws, run).state for run in runs].count(RunState.SUCCEEDED) == 2
    parts = [message["Body"] for message in aws.received("track")]
    assert sorted(len(json.loads(part)["look"]) for part in parts) == [1, 2]
    assert aws.call("track", *parts) == []
    assert {run_of(aws, run).state for run in runs} == {RunState.SUCCEEDED}


def test_a_run_that_cannot_be_swept_does_not_keep_the_sweep_from_the_others(
    aws: Aws, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The others are reconciled, and the message of the sweep comes again."""
    broken, sound = old_run(aws, "a", minutes=20), old_run(aws, "b")
    describe(aws, monkeypatch, broken)
    assert aws.call("track", '{"sweep": true}') == ["0"]
    assert run_of(aws, sound).state is RunState.SUCCEEDED


@pytest.mark.parametrize("minutes", [10, 59])
def test_a_run_within_its_time_is_not_late(aws: Aws, monkeypatch: pytest.MonkeyPatch, minutes: int) -> None:
    """The sweep sends nothing."""
    begin(aws, minutes, expected_within=3600)
    describe_all_as(aws, monkeypatch, status="RUNNING")
    assert aws.call("track", SWEEP) == []
    assert alert_queue(aws) == []


def test_a_run_that_ends_in_the_sweep_is_not_late(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its event was lost, and it is over."""
    begin(aws, 120, expected_within=3600)
    describe_all_as(aws, monkeypatch, status="SUCCEEDED")
    assert aws.call("track", SWEEP) == []
    assert alert_queue(aws) == []
