"""Steps whose job AWS Batch has forgotten: no run waits for ever."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from lambdas.track import forgotten
from sluice import keys
from sluice.run.compiled import CompiledStep, Kind
from sluice.run.state import RunState, StepState
from tests.lambdas.conftest import Aws
from tests.lambdas.runs import old_run, run_of
from tests.sluice.graphs import pipeline, step

SWEEP = json.dumps({"sweep": True, "version": 1})
ARRAY = step("work", Kind.ARRAY, size=3, supervised=True)


@pytest.fixture(autouse=True)
def no_jobs(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    """AWS Batch knows no job."""
    monkeypatch.setattr(aws.batch, "describe_jobs", lambda jobs: {"jobs": []}, raising=False)
    monkeypatch.setattr(aws.batch, "list_jobs", lambda **_: {"jobSummaryList": []}, raising=False)


@pytest.mark.parametrize(
    ("words", "state", "reason"),
    [
        ((0, 1, 2), RunState.SUCCEEDED, ""),
        ((0, 2), RunState.FAILED, "AWS Batch has forgotten the job, but the supervisors of 1 of 3 children"),
    ],
)
def test_it_is_settled_by_its_supervisors_words(
    words: tuple[int, ...], state: RunState, reason: str, aws: Aws, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was proven counts, and what was not has failed, with the children that are to run again."""
    run_id = old_run(aws, "a", graph=pipeline(ARRAY))
    monkeypatch.setattr(forgotten, "FORGOTTEN_AFTER", timedelta(0))
    for child in words:
        key = keys.word(run_id, "work", 0, child, done=1)
        aws.client("s3").put_object(Bucket="work", Key=key, Body=b"")
    assert aws.call("track", SWEEP) == []
    run = run_of(aws, run_id)
    assert run.state is state
    assert str(run.steps["work"].reason or "").startswith(reason)
    if state is RunState.FAILED:
        assert run.steps["work"].failed_indexes == (1,)


@pytest.mark.parametrize("one", [step("work"), step("work", Kind.PLAN)], ids=["a command", "a plan"])
def test_what_nothing_proves_has_failed(one: CompiledStep, aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    """And a person is told."""
    run_id = old_run(aws, "a", graph=pipeline(one))
    monkeypatch.setattr(forgotten, "FORGOTTEN_AFTER", timedelta(0))
    assert aws.call("track", SWEEP) == []
    run = run_of(aws, run_id)
    assert (run.state, run.steps["work"].state) == (RunState.FAILED, StepState.FAILED)
    assert "AWS Batch has forgotten the job" in str(run.steps["work"].reason)


def test_a_job_that_is_not_shown_yet_is_not_forgotten(aws: Aws) -> None:
    """AWS Batch may show a job some time after it was submitted."""
    run_id = old_run(aws, "a", graph=pipeline(ARRAY))
    assert aws.call("track", SWEEP) == []
    assert run_of(aws, run_id).state is RunState.RUNNING
