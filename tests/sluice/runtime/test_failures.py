"""Bad code, bad input and bad luck: each ends in one clear error, and nothing that was finished is done
again.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from typing import Any, NoReturn

import pytest
from botocore.exceptions import ClientError

from sluice import keys
from sluice.run.state import Run
from sluice.runtime.__main__ import FAILED, NOT_STARTED, main
from sluice.runtime.failure_report import report_failure
from sluice.runtime.job_context import JobContext
from sluice.settings import JobSettings, SubmissionSettings
from tests.sluice.runtime import functions
from tests.sluice.runtime.jobs import WORK, Jobs
from tests.sluice.runtime.probe import FUNCTIONS, planned, submission

ENVIRONMENT = {
    **JobSettings(
        ledger_table="ledger", work_bucket="work", results_bucket="results", plan_topic="topic"
    ).to_env(),
    **SubmissionSettings(run="p-1", step="work", generation="0").to_env(),
    "AWS_BATCH_JOB_ID": "j",
}


def failing_at(number: int, error: Callable[[], object]) -> Callable[[Any], int]:
    """Return what an item's function does: fail at one item in this way."""

    def on_item(item: Any) -> int:
        if item.number == number:
            error()
        return int(item.number)

    return on_item


def test_one_line_says_why_a_job_failed(
    jobs: Jobs, run: Run, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The last line of the log names the step, the run, the item and the error; the trace stands before it,
    from the user's code.
    """
    monkeypatch.setattr(functions, "on_item", failing_at(1, lambda: 1 // 0))
    array = planned(jobs, run)
    assert jobs.start(run, array, 0, FUNCTIONS) == FAILED
    lines = capsys.readouterr().err.splitlines()
    assert (
        lines[-1]
        == f"work of {run.run_id} failed at item 1: ZeroDivisionError: integer division or modulo by zero"
    )
    assert lines[0] == "Traceback (most recent call last):"
    assert not any("StepError" in line for line in lines)


@pytest.mark.parametrize("code", [0, 3])
def test_code_that_exits_has_failed(code: int, jobs: Jobs, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """An `exit` in a step's function, even with 0, leaves an item without a result: that is no success."""
    monkeypatch.setattr(functions, "on_item", failing_at(1, lambda: sys.exit(code)))
    array = planned(jobs, run)
    assert jobs.start(run, array, 0, FUNCTIONS) == FAILED
    assert jobs.failure(run, "work", 0) == {"error": "SystemExit", "message": str(code), "item": 1}


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


@pytest.mark.parametrize("returned", [None, {"n": 1}, "text", 3], ids=["None", "dict", "text", "number"])
def test_a_plan_must_yield(returned: object, jobs: Jobs, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """A plan that returns something else fails with what to do, and announces nothing."""
    monkeypatch.setattr(functions, "find", lambda upload: returned)
    assert jobs.drive(run, FUNCTIONS) == "FAILED"
    report = jobs.failure(run, "find")
    assert report["error"] == "ReturnedError"
    assert report["message"].startswith(
        f"Expected the plan's function to yield dicts, found that it returned {type(returned).__name__}"
    )
    assert jobs.announced() == []


def test_a_plan_may_return_a_list(jobs: Jobs, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever can be iterated over has items."""
    monkeypatch.setattr(functions, "find", lambda upload: [{"n": 0}, {"n": 1}])
    assert jobs.drive(run, FUNCTIONS) == "SUCCEEDED"
    assert jobs.results(run) == {"all.txt": "0 [0, 0]\n1 [1, 1]\n"}


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


@pytest.mark.parametrize("name", ["folow", "gather", "find"])
def test_results_of_no_array_are_refused(
    name: str, jobs: Jobs, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A mistyped name is an error; it would else look like an array without results."""
    monkeypatch.setattr(functions, "gather", lambda results, out: list(results(name)))
    assert jobs.drive(run, FUNCTIONS) == "FAILED"
    assert (
        jobs.failure(run, "gather")["message"]
        == f"Expected an array or nodes upstream of gather (work, follow), found '{name}'."
    )


def test_an_attempt_after_a_finished_one_repeats_nothing(jobs: Jobs, run: Run) -> None:
    """When all is done, a second attempt reads that, ends well and writes nothing."""
    array = planned(jobs, run)
    assert jobs.start(run, array, 0, FUNCTIONS) == 0
    before = jobs.keys(WORK)
    assert jobs.start(run, array, 0, FUNCTIONS, AWS_BATCH_JOB_ATTEMPT="2") == 0
    assert functions.worked == [0, 1, 2]
    assert jobs.keys(WORK) == before


def test_a_failed_child_goes_on_where_it_failed(
    jobs: Jobs, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another attempt works on the item that failed and those behind it."""
    monkeypatch.setattr(functions, "on_item", failing_at(4, lambda: 1 // 0))
    array = planned(jobs, run)
    assert jobs.start(run, array, 1, FUNCTIONS) == FAILED
    monkeypatch.setattr(functions, "on_item", lambda item: item.number)
    assert jobs.start(run, array, 1, FUNCTIONS, AWS_BATCH_JOB_ATTEMPT="2") == 0
    assert functions.worked == [3, 4, 4, 5]


def test_a_cleanup_says_what_it_could_not_delete(
    jobs: Jobs, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DeleteObjects answers 200 for refused objects too; that fails the job."""
    from sluice.aws.clients import client

    refused = {"Errors": [{"Key": "runs/a", "Code": "AccessDenied"}]}
    monkeypatch.setattr(client("s3"), "delete_objects", lambda **_: refused)
    assert jobs.drive(run, FUNCTIONS) == "FAILED"
    assert jobs.failure(run, "cleanup")["error"] == "CleanupError"
    assert "found 1 refused, first runs/a: AccessDenied" in jobs.failure(run, "cleanup")["message"]


def test_a_refused_report_does_not_hide_the_failure(
    jobs: Jobs, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    """The log has why the job failed, and why the report is missing."""

    class Refusing:
        def put_object(self, **_: Any) -> NoReturn:
            raise ClientError({"Error": {"Code": "AccessDenied", "Message": "not for you"}}, "PutObject")

    context = JobContext(run=run.run_id, step="work", generation=0, job_id="j", attempt=1, child=0)
    report_failure(ValueError("no such city"), context, Refusing, WORK)
    error = capsys.readouterr().err
    assert f"work of {run.run_id} failed: ValueError: no such city" in error
    assert "The failure report could not be written to s3://work/runs/" in error


@pytest.mark.parametrize("words", [[], ["cleanup", "now"], ["count"], ["a:b:c"], [":f"], ["a:"], ["a b:c"]])
def test_wrong_words_are_named(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """The job does not start, and says what it was started with."""
    assert main(words, ENVIRONMENT) == NOT_STARTED
    assert capsys.readouterr().err.startswith(
        f"Expected one word, <module>:<function>, cleanup or gate, found {words}."
    )


@pytest.mark.parametrize("name", ["SLUICE_GENERATION", "AWS_BATCH_JOB_ATTEMPT", "AWS_BATCH_JOB_ARRAY_INDEX"])
def test_wrong_numbers_are_named(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The job does not start, and says which variable is wrong."""
    assert main(["cleanup"], ENVIRONMENT | {name: "-1"}) == NOT_STARTED
    assert capsys.readouterr().err.startswith(f"Expected {name} to be a whole number, found '-1'.")


def test_a_step_without_a_function_is_named(jobs: Jobs, run: Run) -> None:
    """A definition that starts a plan as a cleanup is reported, and nothing is deleted."""
    plan = submission(jobs, run, "find")
    jobs.submit(run, plan)
    place = {
        "SLUICE_RUN": run.run_id,
        "SLUICE_STEP": "find",
        "SLUICE_GENERATION": "0",
        "AWS_BATCH_JOB_ID": "job-find",
    }
    assert main(["cleanup"], jobs.settings.to_env() | place) == FAILED
    assert "Expected <module>:<function> for a step of the kind plan" in jobs.failure(run, "find")["message"]


def test_a_report_holds_long_and_odd_messages(jobs: Jobs, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """A megabyte of message is cut, and what is no valid Unicode does not keep the report from being
    written.
    """

    def broken(upload: Any) -> None:
        raise ValueError("\ud800" + "\U0001f642" * 1_000_000)

    monkeypatch.setattr(functions, "find", broken)
    assert jobs.drive(run, FUNCTIONS) == "FAILED"
    assert 2_900 < len(json.dumps(jobs.failure(run, "find"), ensure_ascii=False).encode()) < 4_096
