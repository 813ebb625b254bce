"""A later generation does the work of the original children that failed, and nothing that was finished."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sluice.ledger import records as items
from sluice.run.state import GenerationSpec, Run, StepRecord, StepState
from sluice.runtime.exit_codes import FAILED
from tests.sluice.runtime import functions
from tests.sluice.runtime.functions import fails_at
from tests.sluice.runtime.jobs import NOW, Jobs
from tests.sluice.runtime.probe import AGAIN, FUNCTIONS, resubmitted, worked


def test_only_what_was_not_finished_is_done_by_the_child_whose_work_it_is(
    jobs: Jobs, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Item 8 fails child 2; the only child of the next generation does item 8, and no other, as child 2."""
    monkeypatch.setattr(functions, "on_item", fails_at(8))
    work = worked(jobs, run)
    assert jobs.codes["work"] == [0, 0, FAILED]
    functions.worked.clear()
    monkeypatch.setattr(functions, "on_item", fails_at())
    resubmitted(jobs, run, work, "2")
    assert jobs.start(run, replace(work, children=1), 0, FUNCTIONS, **AGAIN) == 0
    assert functions.worked == [8]


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


def test_a_generation_spec_is_stored_and_read_back() -> None:
    """What a step was submitted with is what its job reads; an item without one is a first
    generation.
    """
    spec = GenerationSpec(
        children="3,17-19", tries=2, parent_generations=5, reopened=1, missing={"a": "1-2", "b": "*"}
    )
    record = StepRecord(
        name="a", state=StepState.CLAIMED, generation=3, children=20, claimed_at=NOW, spec=spec
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
