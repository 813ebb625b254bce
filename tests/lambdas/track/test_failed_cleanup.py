"""A run succeeds and its cleanup fails: an alert says so, a retry has the cleanup run again, and its end
starts what waits for it.
"""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from sluice.advance.batch_events import Reconcile
from sluice.operate.retry import Retrier
from sluice.run.compiled import Kind
from sluice.run.concurrency import NEWEST, Concurrency
from sluice.run.state import Run, RunState, StepState
from tests.lambdas.conftest import Aws
from tests.lambdas.runs import RUN, ledger, run_of
from tests.sluice.graphs import pipeline, step

DENIED = "AccessDenied: s3:PutObject on s3://team/words/_sluice.json"


def started(aws: Aws, concurrency: Concurrency | None = None) -> None:
    """Begin a run of one step, which others follow."""
    graph = pipeline(step("a"), step("cleanup", Kind.CLEANUP, after=("a",)))
    graph = replace(graph, followed=True, concurrency=concurrency)
    now = datetime.now(UTC).isoformat(timespec="milliseconds")
    trigger = {"kind": "manual", "token": "t", "input": None}
    aws.handler("track").advancer.start(Run(run_id=RUN, pipeline=graph, trigger=trigger, created_at=now))


def end(aws: Aws, name: str, status: str, generation: int = 0) -> None:
    """Have AWS Batch's event of the end of a step's job tracked."""
    detail = {
        "jobName": f"{RUN}_{name}_{generation}",
        "jobId": run_of(aws, RUN).steps[name].job_id,
        "status": status,
        "statusReason": DENIED,
    }
    event = {"source": "aws.batch", "detail-type": "Batch Job State Change", "detail": detail}
    assert aws.call("track", json.dumps(event)) == []


def cleanup_failed(aws: Aws, concurrency: Concurrency | None = None) -> None:
    """Let a run succeed and its cleanup fail."""
    started(aws, concurrency)
    end(aws, "a", "SUCCEEDED")
    end(aws, "cleanup", "FAILED")


def alerts(aws: Aws) -> list[dict[str, Any]]:
    """Take the failures from the queue of alerts."""
    found = []
    while messages := aws.received("alerts"):
        for message in messages:
            aws.client("sqs").delete_message(
                QueueUrl=aws.queues["alerts"], ReceiptHandle=message["ReceiptHandle"]
            )
            found.append(json.loads(message["Body"]))
    return [one for one in found if "step" in one]


def retried(aws: Aws) -> None:
    """Retry the run, and have it reconciled."""
    retrier = Retrier(
        ledger=ledger(aws),
        s3=aws.client("s3"),
        work_bucket="work",
        sqs=aws.client("sqs"),
        events=aws.client("events"),
        track_queue=aws.queues["track"],
        work_retention=timedelta(days=7),
    )
    assert retrier.retry(RUN, datetime.now(UTC)).only_cleanup
    assert aws.call("track", Reconcile((RUN,)).to_json()) == []


@pytest.mark.parametrize("order", [("a", "cleanup"), ("cleanup", "a")], ids=["in order", "cleanup first"])
def test_a_failed_cleanup_is_one_alert_that_says_what_mends_it(
    aws: Aws, monkeypatch: pytest.MonkeyPatch, order: tuple[str, ...]
) -> None:
    """Whichever end is heard first, and however often."""
    started(aws)
    if order[0] == "cleanup":  # which is submitted with the step that it waits for
        assert run_of(aws, RUN).steps["cleanup"].job_id
    for name in (*order, *order):
        end(aws, name, "FAILED" if name == "cleanup" else "SUCCEEDED")
    assert run_of(aws, RUN).state is RunState.SUCCEEDED
    found = alerts(aws)
    assert {(one["run"], one["step"], one["generation"]) for one in found} == {(RUN, "cleanup", 0)}
    mails: list[dict[str, Any]] = []
    monkeypatch.setattr(aws.client("sns"), "publish", lambda **request: mails.append(request))
    assert aws.call("alert", *map(json.dumps, found)) == []
    assert len({mail["TopicArn"] for mail in mails}) == len(mails)
    text = json.loads(mails[0]["Message"])["email"]
    assert mails[0]["Subject"] == "Sluice: words succeeded, but its cleanup failed"
    assert DENIED in text
    assert f"    sluice retry {RUN}\n" in text
    assert "(AfterRun) wait" in text


def test_a_retry_runs_the_cleanup_again_and_nothing_else(aws: Aws) -> None:
    """As the same time that the run ran: what reads its results, or its events, sees no other one."""
    cleanup_failed(aws)
    alerts(aws)
    retried(aws)
    run = run_of(aws, RUN)
    assert (run.state, run.reopened) == (RunState.SUCCEEDED, 0)
    assert {name: record.generation for name, record in run.steps.items()} == {"a": 0, "cleanup": 1}
    end(aws, "cleanup", "SUCCEEDED", 1)
    assert run_of(aws, RUN).steps["cleanup"].state is StepState.SUCCEEDED
    assert alerts(aws) == []
    assert list(aws.handler("track").followed.chains.followed()) == [RUN]


def test_a_cleanup_that_fails_again_is_another_alert(aws: Aws) -> None:
    """Of its next generation."""
    cleanup_failed(aws)
    retried(aws)
    alerts(aws)
    end(aws, "cleanup", "FAILED", 1)
    assert {one["generation"] for one in alerts(aws)} == {1}


def test_a_cleanup_that_runs_again_waits_for_no_turn(aws: Aws) -> None:
    """Nor can a newer run take the place of a run that has succeeded."""
    cleanup_failed(aws, Concurrency(1, replace=NEWEST))
    retried(aws)
    run = run_of(aws, RUN)
    assert (run.state, run.steps["cleanup"].generation) == (RunState.SUCCEEDED, 1)


def test_an_old_report_of_the_failure_does_not_undo_the_retry(aws: Aws) -> None:
    """A message may come twice, and late."""
    cleanup_failed(aws)
    failed = run_of(aws, RUN).steps["cleanup"]
    retried(aws)
    assert not ledger(aws).record_end(RUN, "cleanup", StepState.FAILED, job_id=failed.job_id, reason="old")
    assert run_of(aws, RUN).steps["cleanup"].generation == 1
