"""The advancer of trigger, fan_out and track."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import timedelta

import pytest
from botocore.exceptions import ReadTimeoutError

from sluice.advance import claims, submitter
from sluice.advance.lease import LEASE
from sluice.messages import JobWaiting, Planned
from sluice.run.state import RunState
from tests.lambdas.conftest import Aws
from tests.lambdas.runs import alert_messages, begun, ended, ledger, planned, run_of
from tests.sluice.clouds import refused
from tests.sluice.graphs import word_count


def test_a_run_goes_through_all_handlers_to_its_end(aws: Aws) -> None:
    """Trigger, fan_out, track."""
    run_id = begun(aws)
    assert aws.call("fan_out", planned(aws, run_id)) == []
    for name in ("split", "count", "rank", "merge"):
        assert aws.call("track", ended(aws, run_id, name, "SUCCEEDED")) == []
    assert run_of(aws, run_id).state is RunState.SUCCEEDED
    assert aws.batch.names() == ["cleanup", "count", "merge", "rank", "split"]
    assert aws.received("dead") == []


DENIED = ("before", refused("AccessDeniedException", "not authorized to perform: batch:SubmitJob", 403))


def test_a_permission_that_is_not_there_yet_is_no_failure(aws: Aws) -> None:
    """The run begins, and submits when the permission has come: the next look at the run suffices."""
    aws.batch.answers = [DENIED, DENIED]
    assert aws.call("trigger", aws.upload(word_count())) == ["0"]
    [request] = aws.delayed("track")
    assert aws.call("track", request.to_json()) == []
    [request] = aws.delayed("track")
    assert aws.call("track", request.to_json()) == []
    assert run_of(aws, request.run_ids[0]).state is RunState.RUNNING
    assert aws.batch.names() == ["split"]
    assert alert_messages(aws) == []


def test_a_permission_that_does_not_come_fails_the_run(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    """After ten minutes, with the permission's name: a person has to grant it."""
    aws.batch.answers = [DENIED, DENIED]
    assert aws.call("trigger", aws.upload(word_count())) == ["0"]
    [request] = aws.delayed("track")
    monkeypatch.setattr(submitter, "DENIED_FOR", timedelta(0))
    assert aws.call("track", request.to_json()) == []
    [message] = alert_messages(aws)
    run = run_of(aws, message["run"])
    assert (run.state, message["step"]) == (RunState.FAILED, "split")
    assert "batch:SubmitJob" in str(run.steps["split"].reason)


@pytest.mark.parametrize("stage", ["trigger", "fan_out", "track"])
def test_an_unknown_outcome_has_the_run_reconciled_soon(
    stage: str, aws: Aws, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is neither a failure nor a success yet: the message comes again, and long before that a request to
    track.
    """
    monkeypatch.setattr(time, "sleep", lambda seconds: None)
    upload = aws.upload(word_count())
    if stage != "trigger":
        assert aws.call("trigger", upload) == []
    run_id = str(next(iter(aws.batch.jobs.values()))["jobName"]).split("_")[0] if aws.batch.jobs else ""
    bodies = {"trigger": upload}
    if run_id:
        bodies["fan_out"] = planned(aws, run_id)
        bodies["track"] = ended(aws, run_id, "split", "SUCCEEDED")
    if stage == "track":
        ledger(aws).record_plan(Planned.from_json(planned(aws, run_id, items=0)))
    aws.batch.answers = [("before", refused("InternalError", status=500))]
    assert aws.call(stage, bodies[stage]) == ["0"]
    [request] = aws.delayed("track")
    assert (request.attempt, len(request.run_ids)) == (1, 1)
    assert aws.call("track", request.to_json()) == []
    assert len(aws.batch.jobs) >= 1
    assert all(record.job_id for record in run_of(aws, request.run_ids[0]).steps.values() if record.children)


def test_a_run_that_stays_unsettled_is_reconciled_ever_more_seldom(
    aws: Aws, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And at last its message comes again as any other."""
    monkeypatch.setattr(time, "sleep", lambda seconds: None)
    aws.batch.answers = [("before", ReadTimeoutError(endpoint_url="https://batch"))]
    assert aws.call("trigger", aws.upload(word_count())) == ["0"]
    [request] = aws.delayed("track")
    delays = [request.delay_seconds]
    while aws.call("track", request.to_json()) == []:
        [request] = aws.delayed("track")
        delays.append(request.delay_seconds)
    assert delays == [4, 8, 16, 32, 60, 60, 60, 60]


def test_a_job_that_waits_is_registered(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    """The Lambda that submitted it died before it could say so; the job asks for itself."""
    monkeypatch.setattr(time, "sleep", lambda seconds: None)
    monkeypatch.setattr(claims, "LOOKED_UP_AFTER", LEASE)
    aws.batch.answers = [("after", ReadTimeoutError(endpoint_url="https://batch"))]
    aws.batch.pages = [{"jobSummaryList": []} for _ in range(3)]
    assert aws.call("trigger", aws.upload(word_count())) == ["0"]
    [(job_id, job)] = aws.batch.jobs.items()
    run_id, step, generation = str(job["jobName"]).split("_")
    waiting = JobWaiting(run=run_id, step=step, generation=int(generation), job_id=job_id)
    for forged in (replace(waiting, job_id="another"), replace(waiting, generation=1)):
        assert aws.call("fan_out", forged.to_json()) == []
        assert run_of(aws, run_id).steps["split"].job_id is None
    assert aws.call("fan_out", waiting.to_json()) == []
    assert run_of(aws, run_id).steps["split"].job_id == job_id
    assert aws.received("dead") == []
