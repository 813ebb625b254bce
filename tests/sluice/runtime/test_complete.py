"""Results that are gone make the step that reads them fail, unless it tolerates the failure."""

from __future__ import annotations

from typing import Any

import pytest

from sluice import keys
from sluice.run.state import GenerationSpec, Run, StepRecord, StepState
from sluice.run.submission import Submission
from sluice.runtime.exit_codes import FAILED
from tests.sluice.runtime import functions
from tests.sluice.runtime.functions import fails_at
from tests.sluice.runtime.jobs import WORK, Jobs, job_id
from tests.sluice.runtime.probe import FUNCTIONS, submission, worked
from tests.sluice.runtime.test_missing import TOLERANT

read: list[Any] = []


def reads(results: Any, out: Any) -> None:
    """Note each result of ``work`` as it comes."""
    read.extend(results("work"))


@pytest.fixture(autouse=True)
def _reading(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(f"{__name__}.read", [])
    monkeypatch.setattr(functions, "gather", reads)


def remove(jobs: Jobs, run: Run, child: int, part: int = 0) -> None:
    """Delete a part of a child's results of ``work``."""
    jobs.s3.delete_object(Bucket=WORK, Key=keys.child_results(run.run_id, "work", child, part))


def ledger_record(jobs: Jobs, run: Run) -> StepRecord:
    """Return what the ledger has of ``work``."""
    stored = jobs.ledger.load(run.run_id)
    assert stored is not None
    return stored.steps["work"]


def gathered(jobs: Jobs, run: Run) -> int:
    """Run the fan-in, which nothing of the array that follows stands in the way of, and return its exit
    code.
    """
    jobs.submit(run, submission(jobs, run, "follow"))
    fan_in = submission(jobs, run, "gather")
    jobs.submit(run, fan_in)
    return jobs.start(run, fan_in, 0, FUNCTIONS)


@pytest.mark.parametrize(("children", "items"), [([1], "3-5"), ([0, 2], "0-2,6-9")])
def test_a_fan_in_fails_before_it_reads_when_the_objects_of_a_child_are_gone(
    children: list[int], items: str, jobs: Jobs, run: Run
) -> None:
    """With the step and the items."""
    worked(jobs, run)
    for child in children:
        remove(jobs, run, child)
    assert gathered(jobs, run) == FAILED
    assert jobs.failure(run, "gather")["error"] == "ResultsMissingError"
    assert jobs.failure(run, "gather")["message"] == (
        f"Expected a result of every item of work, found none of the items {items}. Were they deleted, or did"
        " they expire? Upload the input again."
    )
    assert read == []


def test_a_fan_in_fails_when_one_part_of_a_child_is_gone(
    jobs: Jobs, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Child 1 wrote two, in two attempts."""
    monkeypatch.setattr(functions, "on_item", fails_at(4))
    work = worked(jobs, run)
    monkeypatch.setattr(functions, "on_item", fails_at())
    assert jobs.start(run, work, 1, FUNCTIONS, AWS_BATCH_JOB_ATTEMPT="2") == 0
    remove(jobs, run, 1, part=1)
    assert jobs.ledger.record_end(run.run_id, "work", StepState.SUCCEEDED, job_id=job_id("work"))
    assert gathered(jobs, run) == FAILED
    assert "found none of the items 4-5." in jobs.failure(run, "gather")["message"]


@pytest.mark.parametrize("told", [{"work": "2"}, {}], ids=["itself", "upstream of it"])
def test_a_fan_in_that_tolerates_a_failed_child_still_needs_the_others(
    told: dict[str, str], jobs: Jobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Child 2 failed and may lack any; child 0 may not."""
    run = jobs.upload(TOLERANT, "probe/a", b"")
    jobs.module = "tests.sluice.runtime.functions"
    monkeypatch.setattr(functions, "on_item", fails_at(8))
    worked(jobs, run)
    record = ledger_record(jobs, run)
    assert jobs.ledger.record_failed_children(run.run_id, record, "2")
    fan_in = Submission(run.pipeline.step("gather"), 1, spec=GenerationSpec(missing=told))
    jobs.submit(run, fan_in)
    assert jobs.start(run, fan_in, 0, FUNCTIONS) == 0
    assert [number for number, _ in read] == list(range(8))
    remove(jobs, run, 2)
    assert jobs.start(run, fan_in, 0, FUNCTIONS) == 0
    remove(jobs, run, 0)
    assert jobs.start(run, fan_in, 0, FUNCTIONS) == FAILED
    assert "found none of the items 0-2." in jobs.failure(run, "gather")["message"]
