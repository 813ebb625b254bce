"""The track Lambda and later generations: an old end changes nothing, failed runs are cleaned up in time."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from sluice.advance.batch_events import Reconcile
from sluice.run.compiled import Kind
from sluice.run.state import Run, RunState, StepState
from tests.lambdas.conftest import Aws
from tests.lambdas.runs import describe, ledger, old_run, run_of
from tests.sluice.graphs import pipeline, step

RUN_ID = "words-" + "d" * 20


def begun(aws: Aws, **more: Any) -> None:
    """Begin a run of one job and its cleanup."""
    graph = pipeline(step("a"), step("cleanup", Kind.CLEANUP, after=("a",)))
    created = datetime.now(UTC).isoformat(timespec="milliseconds")
    aws.handler("track").advancer.start(
        Run(run_id=RUN_ID, pipeline=graph, trigger={}, created_at=created, **more)
    )


def end_of(name: str, generation: int, job_id: str, status: str) -> str:
    """Return Batch's event of the end of a job."""
    detail = {
        "jobName": f"{RUN_ID}_{name}_{generation}",
        "jobId": job_id,
        "status": status,
        "statusReason": "it broke",
    }
    return json.dumps({"source": "aws.batch", "detail-type": "Batch Job State Change", "detail": detail})


def failed(aws: Aws) -> str:
    """Let a run fail at its job, and return the job's id."""
    begun(aws)
    steps = run_of(aws, RUN_ID).steps
    for name in ("a", "cleanup"):
        assert aws.call("track", end_of(name, 0, str(steps[name].job_id), "FAILED")) == []
    assert run_of(aws, RUN_ID).state is RunState.FAILED
    return str(steps["a"].job_id)


def test_the_end_of_an_older_generation_changes_nothing(aws: Aws) -> None:
    """Batch sends the event of an end at least once, and perhaps late."""
    old = failed(aws)
    assert ledger(aws).reopen(run_of(aws, RUN_ID))
    assert aws.call("track", Reconcile((RUN_ID,)).to_json()) == []
    before = run_of(aws, RUN_ID).steps["a"]
    assert (before.generation, before.state) == (1, StepState.SUBMITTED)
    assert aws.call("track", end_of("a", 0, old, "FAILED"), end_of("a", 0, old, "SUCCEEDED")) == []
    assert run_of(aws, RUN_ID).steps["a"] == before
    assert aws.call("track", end_of("a", 1, str(before.job_id), "SUCCEEDED")) == []
    assert run_of(aws, RUN_ID).state is RunState.SUCCEEDED


def test_a_requested_reconciliation_includes_young_runs(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    """The sweep would leave it to its events."""
    run_id = old_run(aws, "e", minutes=0)
    describe(aws, monkeypatch)
    assert aws.call("track", Reconcile((run_id,)).to_json()) == []
    assert run_of(aws, run_id).state is RunState.SUCCEEDED


def test_a_reconciliation_of_an_unknown_run_is_no_failure(aws: Aws) -> None:
    """The run may have expired meanwhile."""
    assert aws.call("track", Reconcile(("words-" + "z" * 20,)).to_json()) == []


@pytest.mark.parametrize(("days", "removed"), [(7, 1), (8, 1), (6, 0), (30, 0)])
def test_the_sweep_cleans_up_failed_runs_when_their_days_are_over(
    aws: Aws, monkeypatch: pytest.MonkeyPatch, days: int, removed: int
) -> None:
    """On the day, or on one of the next two; much later everything has expired."""
    ended = datetime.now(UTC) - timedelta(days=days)
    monkeypatch.setattr("lambdas.track.handler.report_invalid_environments", lambda settings: True)
    begun(aws)
    for name, record in run_of(aws, RUN_ID).steps.items():
        ledger(aws).record_end(RUN_ID, name, StepState.FAILED, job_id=record.job_id)
    due = (ended + timedelta(days=7)).date().isoformat()
    assert ledger(aws).finish(
        RUN_ID, RunState.FAILED, ended.isoformat(timespec="milliseconds"), "a", cleanup_on=due
    )
    assert aws.call("track", '{"sweep": true}') == []
    assert aws.call("track", '{"sweep": true}') == []
    names = [job["jobName"] for job in aws.batch.jobs.values()]
    assert names.count(f"{RUN_ID}_cleanup_1") == removed
    assert run_of(aws, RUN_ID).cleaned is bool(removed)
