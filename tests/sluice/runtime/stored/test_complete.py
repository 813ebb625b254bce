"""Results that are gone make the step that reads them fail, unless it tolerates the failure."""

from __future__ import annotations

from typing import Any

import pytest

from sluice import keys
from sluice.run.state import GenerationSpec, Run, StepRecord, StepState
from sluice.run.submission import Submission
from sluice.runtime.exit_codes import FAILED
from sluice.runtime.stored import complete, result_parts
from sluice.runtime.stored.result_parts import part_keys
from tests.sluice.runtime import functions
from tests.sluice.runtime.functions import fails_at
from tests.sluice.runtime.jobs import WORK, Jobs, job_id
from tests.sluice.runtime.probe import FUNCTIONS, planned, submission, worked
from tests.sluice.runtime.stored.test_missing import TOLERANT

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


@pytest.mark.parametrize(("part", "items"), [(0, "3,5"), (1, "4")])
def test_a_fan_in_fails_before_it_reads_when_one_part_of_a_child_is_gone(
    part: int, items: str, jobs: Jobs, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Child 1 wrote two, in two attempts; its word says so."""
    monkeypatch.setattr(functions, "on_item", fails_at(4))
    work = worked(jobs, run)
    monkeypatch.setattr(functions, "on_item", fails_at())
    assert jobs.start(run, work, 1, FUNCTIONS, AWS_BATCH_JOB_ATTEMPT="2") == 0
    remove(jobs, run, 1, part=part)
    assert jobs.ledger.record_end(run.run_id, "work", StepState.SUCCEEDED, job_id=job_id("work"))
    assert gathered(jobs, run) == FAILED
    assert f"found none of the items {items}." in jobs.failure(run, "gather")["message"]
    assert read == []


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
    assert [number for number, _ in read] == [*range(8), 9]
    remove(jobs, run, 2)
    assert jobs.start(run, fan_in, 0, FUNCTIONS) == 0
    remove(jobs, run, 0)
    assert jobs.start(run, fan_in, 0, FUNCTIONS) == FAILED
    assert "found none of the items 0-2." in jobs.failure(run, "gather")["message"]


@pytest.mark.parametrize(("children", "items"), [([0, 1, 2], "0-9"), ([1], "3-5"), ([2], "6-9")])
def test_a_fan_in_fails_when_objects_go_between_the_look_and_the_reading(
    children: list[int], items: str, jobs: Jobs, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when a job that AWS Batch took for lost lives on behind the run's cleanup; found by `make
    simulate`. The results of many objects are listed a second time, and then the items are known.
    """
    monkeypatch.setattr(complete, "_MAX_KEPT", 0)
    worked(jobs, run)

    def looked(*asked: Any) -> Any:
        yield from list(part_keys(*asked))
        for child in children:
            remove(jobs, run, child)

    monkeypatch.setattr(complete, "part_keys", looked)
    assert gathered(jobs, run) == FAILED
    assert f"found none of the items {items}." in jobs.failure(run, "gather")["message"]


def test_a_fan_in_costs_one_listing(jobs: Jobs, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of results and words together. An object of it that is gone when it is read is named."""
    worked(jobs, run)
    listed: list[str] = []

    def looked(s3: Any, bucket: str, prefix: str) -> Any:
        listed.append(prefix)
        yield from list(part_keys(s3, bucket, prefix))

    monkeypatch.setattr(complete, "part_keys", looked)
    monkeypatch.setattr(result_parts, "part_keys", looked)
    assert gathered(jobs, run) == 0
    assert ([number for number, _ in read], listed) == (
        [*range(10)],
        [keys.step_prefix(run.run_id, "work")],
    )
    removed = keys.child_results(run.run_id, "work", 1, 0)

    def removes(*asked: Any) -> Any:
        yield from list(part_keys(*asked))
        remove(jobs, run, 1)

    monkeypatch.setattr(complete, "part_keys", removes)
    assert jobs.start(run, Submission(run.pipeline.step("gather"), 1), 0, FUNCTIONS) == FAILED
    assert f"{removed}, which the run had written, found none." in jobs.failure(run, "gather")["message"]


def test_a_word_that_comes_while_the_results_are_listed_fails_nothing(
    jobs: Jobs, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It speaks of objects that the listing has passed: an attempt that was taken for lost wrote both."""
    worked(jobs, run)
    late = keys.child_results(run.run_id, "work", 1, 1)

    def looked(s3: Any, bucket: str, prefix: str) -> Any:
        for key in list(part_keys(s3, bucket, prefix)):
            if key.startswith(keys.words_prefix(run.run_id, "work", 0)) and "/00001-" in key:
                jobs.s3.put_object(Bucket=bucket, Key=late, Body=b"")
                key = keys.word(run.run_id, "work", 0, 1, done=3, parts=2)
            yield key

    monkeypatch.setattr(complete, "part_keys", looked)
    assert gathered(jobs, run) == 0
    assert [number for number, _ in read] == [*range(10)]


def test_a_fan_in_that_needs_an_array_believes_no_later_failure_of_it(jobs: Jobs, run: Run) -> None:
    """AWS Batch began it behind the array's success. Then everything was deleted: the array was recorded as
    failed, for its supervisors' words are gone, and the fan-in published that it had no results at all.
    """
    work = planned(jobs, run)
    for child in range(work.children):
        assert jobs.start(run, work, child, FUNCTIONS) == 0
        remove(jobs, run, child)
    jobs.submit(run, submission(jobs, run, "follow"))
    fan_in = submission(jobs, run, "gather")
    jobs.submit(run, fan_in)
    jobs.ledger.record_end(
        run.run_id, "work", StepState.FAILED, job_id=job_id("work"), failed_children="0-2", failed_items=10
    )
    assert ledger_record(jobs, run).failed
    assert jobs.start(run, fan_in, 0, FUNCTIONS) == FAILED
    assert "found none of the items 0-9." in jobs.failure(run, "gather")["message"]
    assert read == []


def test_an_object_that_goes_in_the_middle_of_the_reading_is_named(
    jobs: Jobs, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """S3's own error does not say which it was."""
    worked(jobs, run)

    def listed(*asked: Any) -> Any:
        found = list(part_keys(*asked))
        remove(jobs, run, 1)
        yield from found

    monkeypatch.setattr(complete, "_MAX_KEPT", 0)
    monkeypatch.setattr(result_parts, "part_keys", listed)
    assert gathered(jobs, run) == FAILED
    failure = jobs.failure(run, "gather")
    assert failure["error"] == "ResultsMissingError"
    assert (
        f"{keys.child_results(run.run_id, 'work', 1, 0)}, which the run had written, found none."
        in (failure["message"])
    )
