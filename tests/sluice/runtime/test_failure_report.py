"""Why a job failed: one line of its log, and a report of a bounded size."""

from __future__ import annotations

import json
from typing import Any, NoReturn

import pytest
from botocore.exceptions import ClientError

from sluice import keys
from sluice.run.state import Run
from sluice.runtime.exit_codes import FAILED
from sluice.runtime.failure_report import failure_of, report_failure
from sluice.runtime.job_context import JobContext
from tests.sluice.runtime import functions
from tests.sluice.runtime.functions import failing_at
from tests.sluice.runtime.jobs import WORK, Jobs
from tests.sluice.runtime.probe import FUNCTIONS, planned


def test_one_line_says_why_a_job_failed(
    jobs: Jobs, run: Run, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The last line of the log names the step, the run, the item and the error; the trace comes before it,
    from the user's code.
    """
    monkeypatch.setattr(functions, "on_item", failing_at(1, lambda: 1 // 0))
    array = planned(jobs, run)
    assert jobs.start(run, array, 0, FUNCTIONS) == FAILED
    lines = capsys.readouterr().err.splitlines()
    assert (
        lines[-1]
        == f'work of {run.run_id} failed at item 1, {{"n": 1}}, child 0, attempt 1: ZeroDivisionError:'
        " integer division or modulo by zero"
    )
    assert lines[0] == "Traceback (most recent call last):"
    assert not any("StepError" in line for line in lines)


def test_a_function_that_raises_fails_its_child(
    jobs: Jobs, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The report says what was raised and at which item; what was finished before stays recorded."""

    def broken(item: Any) -> int:
        if item.number == 5:
            raise ValueError("no such city")
        return int(item.number)

    monkeypatch.setattr(functions, "on_item", broken)
    array = planned(jobs, run)
    assert jobs.start(run, array, 1, FUNCTIONS) == FAILED
    assert jobs.failure(run, "work", 1) == {
        "error": "ValueError",
        "message": "no such city",
        "item": 5,
        "where": 'item 5, {"n": 5}, child 1, attempt 1',
        "failed": 1,
    }
    part = jobs.read(WORK, keys.child_results(run.run_id, "work", 1, 0))
    assert part.splitlines() == [b'{"i":3,"r":3}', b'{"i":4,"r":4}']


def test_a_refused_report_does_not_hide_the_failure(
    jobs: Jobs, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    """The log has why the job failed, and why the report is missing."""

    class Refusing:
        def put_object(self, **_: Any) -> NoReturn:
            raise ClientError({"Error": {"Code": "AccessDenied", "Message": "not for you"}}, "PutObject")

    context = JobContext(run=run.run_id, step="work", generation=0, job_id="j", attempt=1, child=0)
    report_failure(failure_of(ValueError("no such city")), context, Refusing, WORK)
    error = capsys.readouterr().err
    assert f"work of {run.run_id} failed: ValueError: no such city" in error
    assert "The failure report could not be written to s3://work/runs/" in error


def test_a_report_holds_long_and_odd_messages(jobs: Jobs, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """A megabyte of message is cut, and what is no valid Unicode does not keep the report from being
    written.
    """

    def broken(upload: Any) -> None:
        raise ValueError("\ud800" + "\U0001f642" * 1_000_000)

    monkeypatch.setattr(functions, "find", broken)
    assert jobs.drive(run, FUNCTIONS) == "FAILED"
    assert 2_900 < len(json.dumps(jobs.failure(run, "find"), ensure_ascii=False).encode()) < 4_096


@pytest.mark.parametrize("name", ["pandas", "pandas.core"])
def test_a_missing_package_says_where_to_add_it(name: str) -> None:
    """By the name that is installed, not by that of a part of it."""
    found = failure_of(ModuleNotFoundError(f"No module named '{name}'", name=name))
    assert found.message == (
        f"No module named '{name}'. If pandas is a package, add it to requirements.txt in the folder of the"
        " step's code, containers/<pipeline>, and deploy again."
    )
