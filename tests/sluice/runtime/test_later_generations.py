"""A later generation does the work of the original children that failed, and nothing that was finished."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from sluice.ledger import records as items
from sluice.pipeline.definition import Array, Job, Pipeline, Plan, S3Upload, always, finished
from sluice.run.state import GenerationSpec, Run, StepRecord, StepState
from sluice.run.submission import Submission
from sluice.runtime.__main__ import FAILED
from tests.sluice.runtime import functions
from tests.sluice.runtime.jobs import NOW, Jobs, job_id
from tests.sluice.runtime.probe import FUNCTIONS, planned

AGAIN = {"SLUICE_GENERATION": "1"}


def fails_at(*numbers: int) -> Any:
    """Return what a function does that fails for some items."""

    def on_item(item: Any) -> Any:
        if item.number in numbers:
            raise ValueError(f"item {item.number} is bad")
        return item.number

    return on_item


def worked(jobs: Jobs, run: Run) -> Submission:
    """Run all children of the array ``work`` and record how it ended; return its submission."""
    work = planned(jobs, run)
    jobs.codes["work"] = [jobs.start(run, work, child, FUNCTIONS) for child in range(work.children)]
    jobs.settle(run, work)
    return work


def resubmitted(jobs: Jobs, run: Run, work: Submission, indexes: str) -> None:
    """Claim the next generation of a step with some of its children, and name its job."""
    again = replace(work, generation=1, waits=(), spec=GenerationSpec(children=indexes))
    assert jobs.ledger.claim(run.run_id, [again], NOW)
    jobs.ledger.record_submitted(run.run_id, {work.step.name: job_id(work.step.name)}, {work.step.name: 1})


def test_only_what_was_not_finished_is_done_by_the_child_whose_work_it_is(
    jobs: Jobs, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Item 8 fails child 2 behind items 6 and 7; the only child of the next generation does items 8 and 9 as
    child 2.
    """
    monkeypatch.setattr(functions, "on_item", fails_at(8))
    work = worked(jobs, run)
    assert jobs.codes["work"] == [0, 0, FAILED]
    functions.worked.clear()
    monkeypatch.setattr(functions, "on_item", fails_at())
    resubmitted(jobs, run, work, "2")
    assert jobs.start(run, replace(work, children=1), 0, FUNCTIONS, **AGAIN) == 0
    assert functions.worked == [8, 9]


def test_children_of_a_later_array_are_those_that_failed(
    jobs: Jobs, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Child 1 of two is child 2 of three; its failure report is of its own generation and under its own
    number.
    """
    monkeypatch.setattr(functions, "on_item", fails_at(0, 8))
    work = worked(jobs, run)
    assert jobs.codes["work"] == [FAILED, 0, FAILED]
    functions.worked.clear()
    resubmitted(jobs, run, work, "0,2")
    assert [jobs.start(run, replace(work, children=2), child, FUNCTIONS, **AGAIN) for child in (0, 1)] == [
        FAILED,
        FAILED,
    ]
    assert functions.worked == [0, 8]
    assert [
        key.rpartition("failures/")[2] for key in jobs.keys("work", f"runs/{run.run_id}/work/failures/")
    ] == [
        "0000/00000.json",
        "0000/00002.json",
        "0001/00000.json",
        "0001/00002.json",
    ]


def test_a_job_of_an_older_generation_ends_itself_at_once(jobs: Jobs, run: Run) -> None:
    """Also before the newer generation has a job: it does not wait for that."""
    work = planned(jobs, run)
    jobs.ledger.record_end(run.run_id, "work", StepState.FAILED, job_id=job_id("work"))
    assert jobs.ledger.claim(run.run_id, [replace(work, generation=1, waits=())], NOW)
    assert jobs.start(run, work, 0, FUNCTIONS) == 0
    assert functions.worked == []


def test_a_child_that_no_submission_has_is_refused(jobs: Jobs, run: Run) -> None:
    """There are as many children as the ledger says."""
    work = worked(jobs, run)
    jobs.ledger.record_end(run.run_id, "work", StepState.FAILED, job_id=job_id("work"))
    resubmitted(jobs, run, work, "0,2")
    functions.worked.clear()
    assert jobs.start(run, work, 2, FUNCTIONS, **AGAIN) != 0
    assert functions.worked == []


BEARING = Pipeline(
    name="probe",
    triggers=[S3Upload(prefix="probe/")],
    steps=[
        Plan("find", run="find"),
        Array("work", run="work", items_of="find", items_per_child=4),
        Array("never", run="work", items_of="find", after=["work"]),
        Array("fixed", run="throw", size=3, after=["work"]),
        Job(
            "gather", run="lacking", after=[finished("work", at_least=0.5), always("never"), always("fixed")]
        ),
    ],
)


@pytest.mark.parametrize(
    ("array", "expected"),
    [("work", [8, 9]), ("never", list(range(10))), ("fixed", [0, 1, 2])],
    ids=["failed", "never ran", "fixed size"],
)
def test_a_fan_in_that_bears_failures_gets_the_list_of_what_is_missing(
    array: str, expected: list[int], jobs: Jobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The items without a result: those of a failed child that it had not finished, and all of an array that
    never ran.
    """
    run = jobs.upload(BEARING, "probe/a", b"")
    jobs.module = "tests.sluice.runtime.functions"
    monkeypatch.setattr(functions, "on_item", fails_at(8))
    worked(jobs, run)
    step = run.pipeline.step("gather")
    missing = {"work": "2", "never": "*", "fixed": "*"}
    jobs.submit(run, Submission(step, 1, spec=GenerationSpec(missing=missing)))
    monkeypatch.setattr(functions, "lacks", array)
    assert jobs.start(run, Submission(step, 1), 0, {"gather": "lacking"}) == 0
    assert jobs.results(run) == {"missing.txt": str(expected)}


def test_nothing_is_missing_of_what_succeeded(jobs: Jobs, monkeypatch: pytest.MonkeyPatch) -> None:
    """An array of which the submission said nothing; one that is not there is refused by name."""
    run = jobs.upload(BEARING, "probe/a", b"")
    jobs.module = "tests.sluice.runtime.functions"
    step = run.pipeline.step("gather")
    jobs.submit(run, Submission(step, 1))
    monkeypatch.setattr(functions, "lacks", "work")
    assert jobs.start(run, Submission(step, 1), 0, {"gather": "lacking"}) == 0
    assert jobs.results(run) == {"missing.txt": "[]"}
    monkeypatch.setattr(functions, "lacks", "nobody")
    assert jobs.start(run, Submission(step, 1), 0, {"gather": "lacking"}) == FAILED
    assert "work, never, fixed" in jobs.failure(run, "gather")["message"]


def test_terms_are_stored_and_read_back() -> None:
    """What a step was submitted with is what its job reads; an item from before there were terms is a first
    generation.
    """
    terms = GenerationSpec(
        children="3,17-19", tries=2, parent_generations=5, reopened=1, missing={"a": "1-2", "b": "*"}
    )
    record = StepRecord(
        name="a", state=StepState.CLAIMED, generation=3, children=20, claimed_at=NOW, spec=terms
    )
    item = items.step_item("r", record)
    assert items.step_from(item) == record
    old = {
        name: value
        for name, value in item.items()
        if name not in ("indexes", "tries", "behind", "reopened", "missing")
    }
    assert items.step_from(old).spec == GenerationSpec()
    assert (record.size, record.indexes) == (4, (3, 17, 18, 19))
