"""The sweep starts what comes after a run whose cleanup's event was lost."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from sluice.run.compiled import Kind
from sluice.run.state import Run, RunState, StepState
from tests.lambdas.conftest import Aws
from tests.lambdas.runs import RUN, SWEEP, events_of, ledger
from tests.sluice.graphs import QUEUES, pipeline, step


def stamp(minutes: float) -> str:
    """Return the time so many minutes ago."""
    return (datetime.now(UTC) - timedelta(minutes=minutes)).isoformat(timespec="milliseconds")


def ended(aws: Aws, minutes: float, *, followed: bool = True, cleanup: str = "SUCCEEDED") -> str:
    """Let a run of one step succeed so many minutes ago, and its cleanup be as AWS Batch says; its end was
    never recorded. Return the id of the cleanup's job.
    """
    graph = replace(pipeline(step("a"), step("cleanup", Kind.CLEANUP, after=("a",))), followed=followed)
    advancer = aws.handler("track").advancer
    trigger = {"kind": "manual", "token": "t", "input": None}
    advancer.start(Run(run_id=RUN, pipeline=graph, trigger=trigger, created_at=stamp(minutes + 1)))
    runs = ledger(aws)
    advancer = replace(advancer, now=lambda: datetime.now(UTC) - timedelta(minutes=minutes))
    jobs = {str(job["jobName"]).split("_")[1]: name for name, job in aws.batch.jobs.items()}
    assert runs.record_end(RUN, "a", StepState.SUCCEEDED, job_id=jobs["a"])
    advancer.advance(RUN)
    run = runs.load(RUN)
    assert run is not None
    assert run.state is RunState.SUCCEEDED
    jobs = {str(job["jobName"]).split("_")[1]: name for name, job in aws.batch.jobs.items()}
    aws.batch.jobs[jobs["cleanup"]]["status"] = cleanup
    return jobs["cleanup"]


def reported(aws: Aws) -> list[Mapping[str, object]]:
    """Return what a sweep has reported of runs that others follow, and take it from the queue."""
    assert aws.call("track", SWEEP) == []
    found = []
    for message in aws.received("alerts"):
        aws.client("sqs").delete_message(
            QueueUrl=aws.queues["alerts"], ReceiptHandle=message["ReceiptHandle"]
        )
        found.append(json.loads(message["Body"]))
    return [message for message in found if "cleanup" in message]


def test_a_run_whose_cleanup_ended_unheard_is_reported_once(aws: Aws) -> None:
    """By a message with the name that AWS Batch's event would have had."""
    ended(aws, 11)
    [message] = reported(aws)
    assert message["cleanup"] == f"{RUN}_cleanup_0"
    assert message["queue"] in QUEUES.values()
    assert reported(aws) == []


def test_it_is_sent_as_an_event(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    """Which the rules of AfterRun triggers match."""
    ended(aws, 11)
    [message] = reported(aws)
    events = events_of(aws, monkeypatch)
    assert aws.call("alert", json.dumps(message)) == []
    [event] = events
    assert event["DetailType"] == "Run Results Complete"


def test_the_event_of_a_young_end_is_waited_for(aws: Aws) -> None:
    """Most come within seconds."""
    ended(aws, 5)
    assert reported(aws) == []


@pytest.mark.parametrize("status", ["SUBMITTED", "RUNNABLE", "RUNNING"])
def test_a_cleanup_that_is_not_over_is_waited_for(aws: Aws, status: str) -> None:
    """Only then is the receipt there."""
    job = ended(aws, 60, cleanup=status)
    assert reported(aws) == []
    aws.batch.jobs[job]["status"] = "SUCCEEDED"
    assert len(reported(aws)) == 1


def test_behind_a_cleanup_that_failed_nothing_is_started(aws: Aws) -> None:
    """An alert of it is sent, and a retry of the cleanup starts what comes after."""
    ended(aws, 60, cleanup="FAILED")
    assert aws.call("track", SWEEP) == []
    messages = [json.loads(message["Body"]) for message in aws.received("alerts")]
    assert not any("cleanup" in message for message in messages)
    assert {one["step"] for one in messages if "step" in one} == {"cleanup"}
    run = ledger(aws).load(RUN)
    assert run is not None
    assert run.steps["cleanup"].state is StepState.FAILED
    assert list(aws.handler("track").followed.chains.followed()) == []


def test_a_cleanup_whose_failure_is_known_is_reported_again_and_starts_nothing(aws: Aws) -> None:
    """The Lambda that recorded it may have died before the alert, which is sent once all the same."""
    job = ended(aws, 60, cleanup="FAILED")
    assert ledger(aws).record_end(RUN, "cleanup", StepState.FAILED, job_id=job, reason="AccessDenied")
    assert aws.call("track", SWEEP) == []
    messages = [json.loads(message["Body"]) for message in aws.received("alerts")]
    assert {one["step"] for one in messages if "step" in one} == {"cleanup"}


def test_a_forgotten_cleanup_is_over(aws: Aws) -> None:
    """AWS Batch describes no job seven days after its end."""
    del aws.batch.jobs[ended(aws, 60)]
    assert len(reported(aws)) == 1


def test_a_run_that_nothing_follows_is_not_found(aws: Aws) -> None:
    """It costs no read of the sweep."""
    ended(aws, 60, followed=False)
    assert list(aws.handler("track").followed.chains.followed()) == []
    assert reported(aws) == []


def test_a_run_that_was_resumed_is_followed_when_it_succeeds_again(aws: Aws) -> None:
    """Its index key says then that it is unfinished."""
    ended(aws, 60)
    run = ledger(aws).load(RUN)
    assert run is not None
    assert ledger(aws).reopen(run)
    assert list(aws.handler("track").followed.chains.followed()) == []
