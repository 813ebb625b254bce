"""10,000 items with 37 bad ones among 100 children: the run succeeds where that is tolerated and names them;
where it is not, a retry after a mend works on the 37 and no more.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from sluice.advance.batch_events import JobEnded
from sluice.advance.proof import Verdict, verdict
from sluice.ledger.ledger import Assignment
from sluice.pipeline.definition import Array, Job, Pipeline, Plan, S3Upload, finished
from sluice.run import child_ranges
from sluice.run.decision import decide
from sluice.run.job_names import JobName
from sluice.run.state import Run, RunState, StepState
from sluice.run.submission import Submission
from tests.sluice.runtime import functions
from tests.sluice.runtime.functions import fails_at
from tests.sluice.runtime.jobs import NOW, RESULTS, WORK, Jobs, job_id
from tests.sluice.runtime.probe import AGAIN, FUNCTIONS, planned, submission

ITEMS, CHILDREN, BAD = 10_000, 100, 37
NUMBERS = [number * 269 + 11 for number in range(BAD)]
"""Spread over the children; two of some."""


def scoring(at_least: float) -> Pipeline:
    """Return a pipeline that needs such a share of its items."""
    return Pipeline(
        name="probe",
        triggers=[S3Upload(prefix="probe/")],
        steps=[
            Plan("find", run="find"),
            Array("work", run="work", items_of="find", items_per_child=ITEMS // CHILDREN),
            Job("gather", run="gather", after=[finished("work", at_least=at_least)]),
        ],
    )


def names(results: Any, out: Any) -> None:
    """Publish how many results there are, and what failed and why."""
    failed = [[number, item, reason] for number, item, reason in results.failed("work")]
    out.write("failed.json", json.dumps([sum(1 for _ in results("work")), failed]))


def worked_all(jobs: Jobs, run: Run) -> tuple[Submission, list[int]]:
    """Run all children of the array, and return their exit codes."""
    work = planned(jobs, run)
    return work, [jobs.start(run, work, child, FUNCTIONS) for child in range(work.children)]


def judged(jobs: Jobs, run: Run, state: StepState, generation: int = 0) -> Verdict:
    """Judge the array's end as the track Lambda does, and record it."""
    stored = jobs.ledger.load(run.run_id)
    assert stored is not None
    event = JobEnded(JobName(run.run_id, "work", generation), job_id("work"), state, "some children failed")
    assignment = Assignment(stored.steps["work"], stored.trigger, stored.pipeline, stored.state)
    found = verdict(event, assignment, WORK, jobs.s3)
    assert found is not None
    assert jobs.ledger.record_end(
        run.run_id,
        "work",
        found.state,
        generation=generation,
        job_id=job_id("work"),
        reason=found.reason,
        succeeded=found.succeeded,
        failed_children=found.failed_children,
        failed_items=found.failed_items,
    )
    return found


@pytest.fixture(autouse=True)
def _bad(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(functions, "items", [{"n": number} for number in range(ITEMS)])
    monkeypatch.setattr(functions, "on_item", fails_at(*NUMBERS))
    monkeypatch.setattr(functions, "gather", names)


def begun(jobs: Jobs, at_least: float) -> Run:
    """Begin a run."""
    run = jobs.upload(scoring(at_least), "probe/a", b"")
    jobs.module = "tests.sluice.runtime.functions"
    return run


def test_a_share_of_the_items_is_enough(jobs: Jobs) -> None:
    """Every child exits with 0, the array has succeeded, and the fan-in names the 37."""
    run = begun(jobs, 0.99)
    _, codes = worked_all(jobs, run)
    assert codes == [0] * CHILDREN
    found = judged(jobs, run, StepState.SUCCEEDED)
    assert (found.state, found.failed_items) == (StepState.SUCCEEDED, BAD)
    gather = submission(jobs, run, "gather")
    jobs.submit(run, gather)
    assert jobs.start(run, gather, 0, FUNCTIONS) == 0
    done, failed = json.loads(jobs.results(run)["failed.json"])
    assert (done, [number for number, _, _ in failed]) == (ITEMS - BAD, NUMBERS)
    _, item, reason = failed[0]
    assert (item, reason) == (
        {"n": 11},
        'ValueError: item 11 is bad (item 11, {"n": 11}, child 0, attempt 1)',
    )
    assert jobs.ledger.record_end(run.run_id, "gather", StepState.SUCCEEDED, job_id=job_id("gather"))
    stored = jobs.ledger.load(run.run_id)
    assert stored is not None
    assert decide(stored.pipeline, stored.steps).outcome is RunState.SUCCEEDED
    assert RESULTS in {bucket["Name"] for bucket in jobs.s3.list_buckets()["Buckets"]}


def test_a_retry_after_a_mend_works_on_the_bad_items_and_no_more(
    jobs: Jobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The array fails, with all other items done; its next generation does 37 items."""
    run = begun(jobs, 0.999)
    work, _ = worked_all(jobs, run)
    found = judged(jobs, run, StepState.SUCCEEDED)
    assert (found.state, found.failed_items) == (StepState.FAILED, BAD)
    assert found.reason == "37 of 10,000 items failed, and at most 10 may"
    stored = jobs.ledger.load(run.run_id)
    assert stored is not None
    assert decide(stored.pipeline, stored.steps).failed_step == "work"
    (again,) = [
        one for one in decide(stored.pipeline, stored.steps, 1).submissions if one.step.name == "work"
    ]
    children = child_ranges.from_text(again.spec.children or "")
    assert children == tuple(sorted({number * CHILDREN // ITEMS for number in NUMBERS}))
    functions.worked.clear()
    monkeypatch.setattr(functions, "on_item", fails_at())
    assert jobs.ledger.claim(run.run_id, [again], NOW)
    jobs.ledger.record_submitted(run.run_id, {"work": job_id("work")}, {"work": 1})
    part = replace(work, children=len(children))
    assert [jobs.start(run, part, child, FUNCTIONS, **AGAIN) for child in range(len(children))] == [0] * len(
        children
    )
    assert functions.worked == NUMBERS
    found = judged(jobs, run, StepState.SUCCEEDED, generation=1)
    assert (found.state, found.failed_items) == (StepState.SUCCEEDED, 0)
