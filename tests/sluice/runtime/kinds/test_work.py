"""A child of an array: its results, and nothing that was finished is done again."""

from __future__ import annotations

import pytest

from sluice import keys
from sluice.run.state import Run
from sluice.runtime.exit_codes import FAILED
from tests.sluice.runtime import functions
from tests.sluice.runtime.functions import failing_at
from tests.sluice.runtime.jobs import WORK, Jobs
from tests.sluice.runtime.probe import FUNCTIONS, planned, submission


def test_a_fast_child_writes_one_object(jobs: Jobs, run: Run) -> None:
    """Four items in less than a second are one part."""
    array = planned(jobs, run)
    jobs.start(run, array, 0, FUNCTIONS)
    assert len(jobs.keys(WORK, keys.child_results_prefix(run.run_id, "work", 0))) == 1


def test_a_result_that_json_cannot_hold_names_its_item(
    jobs: Jobs, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also when the result is written later than it is returned."""
    monkeypatch.setattr(functions, "on_item", lambda item: {1, 2} if item.number == 2 else None)
    array = planned(jobs, run)
    assert jobs.start(run, array, 0, FUNCTIONS) == FAILED
    report = jobs.failure(run, "work", 0)
    assert (report["error"], report["item"]) == ("ReturnedError", 2)
    assert "found set '{1, 2}'" in report["message"]


def test_a_missing_result_is_not_taken_for_none(jobs: Jobs, run: Run) -> None:
    """When what the followed array returned is gone, the child fails and names it, instead of working on
    nothing.
    """
    array = planned(jobs, run)
    assert [jobs.start(run, array, child, FUNCTIONS) for child in range(3)] == [0, 0, 0]
    jobs.s3.delete_object(Bucket=WORK, Key=keys.child_results(run.run_id, "work", 1, 0))
    follow = submission(jobs, run, "follow")
    jobs.submit(run, follow)
    assert [jobs.start(run, follow, child, FUNCTIONS) for child in range(3)] == [0, FAILED, 0]
    report = jobs.failure(run, "follow", 1)
    assert report["error"] == "ResultsMissingError"
    assert "Expected what work returned for item 3 below s3://work/" in report["message"]


def test_an_attempt_after_a_finished_one_repeats_nothing(jobs: Jobs, run: Run) -> None:
    """When all is done, a second attempt reads that, ends well and writes nothing."""
    array = planned(jobs, run)
    assert jobs.start(run, array, 0, FUNCTIONS) == 0
    before = jobs.keys(WORK)
    assert jobs.start(run, array, 0, FUNCTIONS, AWS_BATCH_JOB_ATTEMPT="2") == 0
    assert functions.worked == [0, 1, 2]
    assert jobs.keys(WORK) == before


def test_a_failed_child_continues_where_it_failed(
    jobs: Jobs, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The others are done; another attempt works on the item that failed, and on no other."""
    monkeypatch.setattr(functions, "on_item", failing_at(4, lambda: 1 // 0))
    array = planned(jobs, run)
    assert jobs.start(run, array, 1, FUNCTIONS) == FAILED
    monkeypatch.setattr(functions, "on_item", lambda item: item.number)
    assert jobs.start(run, array, 1, FUNCTIONS, AWS_BATCH_JOB_ATTEMPT="2") == 0
    assert functions.worked == [3, 4, 5, 4]
