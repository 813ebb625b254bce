"""The report of a run, which its cleanup leaves beside the results."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from sluice import keys
from sluice.run.next_generation import last_cleanup
from sluice.run.state import Run, RunState, StepState
from sluice.run.submission import Submission
from sluice.runtime.kinds.run_report import StepEnds
from tests.sluice.runtime.jobs import NOW, RESULTS, WORK, Jobs, job_id
from tests.sluice.runtime.probe import FUNCTIONS


def report_of(jobs: Jobs, run: Run) -> str:
    """Return the report of a run."""
    return jobs.read(RESULTS, f"{run.pipeline.name}/{run.run_id}/{keys.REPORT}").decode()


def test_a_run_leaves_its_report(jobs: Jobs, run: Run) -> None:
    """State, steps with their counts and times, input, results and code, in a file without any script."""
    assert jobs.drive(run, FUNCTIONS) == "SUCCEEDED"
    page = report_of(jobs, run)
    assert f"<title>{run.run_id}: SUCCEEDED</title>" in page
    assert run.trigger["key"] in page
    assert [step.name for step in run.pipeline.steps[:-1] if step.name not in page] == []
    published = list(jobs.results(run))
    assert published
    assert [name for name in published if name not in page] == []
    assert "<script" not in page


def test_the_report_is_no_result(jobs: Jobs, run: Run) -> None:
    """Receipts do not name it, and what reads results passes it by."""
    assert jobs.drive(run, FUNCTIONS) == "SUCCEEDED"
    receipt = jobs.read(RESULTS, f"{run.pipeline.name}/{run.run_id}/{keys.RECEIPT}").decode()
    assert keys.REPORT not in receipt


def test_it_costs_one_put_and_no_other_call(jobs: Jobs, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """The listing that removes the run's objects says when steps ended; AWS Batch is not asked."""
    from sluice.aws.clients import client

    calls: list[str] = []
    s3 = client("s3")
    make_call = s3._make_api_call

    def counted(operation: str, request: dict[str, Any]) -> Any:
        if run.run_id in str(request) and keys.REPORT in str(request.get("Key")):
            calls.append(operation)
        return make_call(operation, request)

    monkeypatch.setattr(s3, "_make_api_call", counted)
    assert jobs.drive(run, FUNCTIONS) == "SUCCEEDED"
    assert calls == ["PutObject"]


def test_a_failed_run_leaves_its_report_before_its_objects_go(
    jobs: Jobs, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With what failed and why, and when the steps ended, by what they left; a second attempt leaves it as
    it is.
    """
    from tests.sluice.runtime import functions

    def fail(item: Any) -> Any:
        raise ValueError(f"<b>no</b> {item.number}")

    monkeypatch.setattr(functions, "on_item", fail)
    jobs.module = "tests.sluice.runtime.functions"
    monkeypatch.setattr(Jobs, "settle", settle_with_reason)
    assert jobs.drive(run, FUNCTIONS) == "FAILED"
    assert jobs.ledger.finish(run.run_id, RunState.FAILED, NOW, "work", cleanup_on="2030-01-01")
    cleanup = cleaned(jobs, run)
    assert jobs.start(run, cleanup, 0, FUNCTIONS) == 0
    assert jobs.keys(WORK) == []
    page = report_of(jobs, run)
    assert f"<title>{run.run_id}: FAILED</title>" in page
    assert "ValueError: &lt;b&gt;no&lt;/b&gt; 0" in page
    assert '<g class="failed"><rect' in page
    assert '<svg class="times"' in page
    assert "as their objects in S3 said" in page
    assert jobs.start(run, cleanup, 0, FUNCTIONS, AWS_BATCH_JOB_ATTEMPT="2") == 0
    assert report_of(jobs, run) == page


def settle_with_reason(jobs: Jobs, run: Run, submission: Submission) -> None:
    """Record how a step ended, with the reason that the track Lambda finds."""
    name = submission.step.name
    for message in jobs.published():
        jobs.ledger.record_plan(message)
    failed = any(jobs.codes[name])
    state, reason = (StepState.FAILED, "ValueError: <b>no</b> 0") if failed else (StepState.SUCCEEDED, None)
    jobs.ledger.record_end(run.run_id, name, state, job_id=job_id(name), reason=reason, failed_children="0-2")


def cleaned(jobs: Jobs, run: Run) -> Submission:
    """Claim and register the cleanup of a failed run."""
    stored = jobs.ledger.load(run.run_id)
    assert stored is not None
    submission = last_cleanup(stored)
    assert submission is not None
    assert jobs.ledger.claim_cleanup(run.run_id, submission, NOW)
    name = submission.step.name
    jobs.ledger.record_submitted(run.run_id, {name: job_id(name)})
    return submission


def test_ends_are_those_of_words_and_failures() -> None:
    """The latest of each step; other objects and other runs say nothing."""
    ends = StepEnds("word-aaaa")
    for key, second in (
        (keys.word("word-aaaa", "count", 0, 1, done=2), 3),
        (keys.word("word-aaaa", "count", 0, 0, done=2), 2),
        (keys.failure("word-aaaa", "merge", 0, 0), 5),
        (keys.manifest("word-aaaa", "plan", "x"), 9),
    ):
        ends.note(key, datetime(2026, 1, 1, 0, 0, second, tzinfo=UTC))
    assert ends.latest == {
        "count": "2026-01-01T00:00:03.000+00:00",
        "merge": "2026-01-01T00:00:05.000+00:00",
    }
