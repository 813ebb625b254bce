"""The items without a result, for a fan-in that tolerates failures."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sluice import keys
from sluice.pipeline.definition import Array, Job, Pipeline, Plan, S3Upload, always, finished
from sluice.run.state import GenerationSpec
from sluice.run.submission import Submission
from sluice.runtime.exit_codes import FAILED
from sluice.runtime.stored.result_parts import part_keys
from tests.sluice.runtime import functions
from tests.sluice.runtime.functions import fails_at
from tests.sluice.runtime.jobs import WORK, Jobs
from tests.sluice.runtime.probe import worked

TOLERANT = Pipeline(
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
    [("work", [8]), ("never", list(range(10))), ("fixed", [0, 1, 2])],
    ids=["failed", "never ran", "fixed size"],
)
def test_a_fan_in_that_tolerates_failures_gets_the_list_of_what_is_missing(
    array: str, expected: list[int], jobs: Jobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The items without a result: those of a failed child that it had not finished, and all of an array that
    never ran.
    """
    run = jobs.upload(TOLERANT, "probe/a", b"")
    jobs.module = "tests.sluice.runtime.functions"
    monkeypatch.setattr(functions, "on_item", fails_at(8))
    worked(jobs, run)
    step = run.pipeline.step("gather")
    missing = {"work": "2", "never": "*", "fixed": "*"}
    jobs.submit(run, Submission(step, 1, spec=GenerationSpec(missing=missing)))
    monkeypatch.setattr(functions, "lacks", array)
    assert jobs.start(run, Submission(step, 1), 0, {"gather": "lacking"}) == 0
    assert jobs.results(run) == {"missing.txt": str(expected)}


def test_the_items_behind_the_one_at_which_a_child_ended_early_are_missing(
    jobs: Jobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Child 1 of items 3, 4 and 5 stopped at 4; it had finished 3."""
    work = Array("work", run="work", items_of="find", items_per_child=4, on_error="stop")
    run = jobs.upload(replace(TOLERANT, steps=[TOLERANT.steps[0], work, *TOLERANT.steps[2:]]), "probe/a", b"")
    jobs.module = "tests.sluice.runtime.functions"
    monkeypatch.setattr(functions, "on_item", fails_at(4))
    worked(jobs, run)
    assert jobs.codes["work"] == [0, FAILED, 0]
    step = run.pipeline.step("gather")
    missing = {"work": "1", "never": "*", "fixed": "*"}
    jobs.submit(run, Submission(step, 1, spec=GenerationSpec(missing=missing)))
    monkeypatch.setattr(functions, "lacks", "work")
    assert jobs.start(run, Submission(step, 1), 0, {"gather": "lacking"}) == 0
    assert jobs.results(run) == {"missing.txt": "[4, 5]"}


def test_nothing_is_missing_of_what_succeeded(jobs: Jobs, monkeypatch: pytest.MonkeyPatch) -> None:
    """An array that the submission did not mention; one that is not there is refused by name."""
    run = jobs.upload(TOLERANT, "probe/a", b"")
    jobs.module = "tests.sluice.runtime.functions"
    step = run.pipeline.step("gather")
    jobs.submit(run, Submission(step, 1))
    monkeypatch.setattr(functions, "lacks", "work")
    assert jobs.start(run, Submission(step, 1), 0, {"gather": "lacking"}) == 0
    assert jobs.results(run) == {"missing.txt": "[]"}
    monkeypatch.setattr(functions, "lacks", "unknown")
    assert jobs.start(run, Submission(step, 1), 0, {"gather": "lacking"}) == FAILED
    assert "work, never, fixed" in jobs.failure(run, "gather")["message"]


def test_a_word_that_is_gone_is_no_failure(jobs: Jobs, monkeypatch: pytest.MonkeyPatch) -> None:
    """All children had one when the fan-in began: it fails, and does not take their items for missing."""
    run = jobs.upload(TOLERANT, "probe/a", b"")
    jobs.module = "tests.sluice.runtime.functions"
    worked(jobs, run)
    for key in list(part_keys(jobs.s3, WORK, keys.child_words_prefix(run.run_id, "work", 0, 1))):
        jobs.s3.delete_object(Bucket=WORK, Key=key)
    step = run.pipeline.step("gather")
    jobs.submit(run, Submission(step, 1))
    monkeypatch.setattr(functions, "lacks", "work")
    assert jobs.start(run, Submission(step, 1), 0, {"gather": "lacking"}) == FAILED
    assert (
        "what child 1 of work said of its items, found that it is gone"
        in (jobs.failure(run, "gather")["message"])
    )
