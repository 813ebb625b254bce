"""The function of a step: found by its name, and noted when it begins."""

from __future__ import annotations

import inspect

import pytest

from sluice.run.compiled import Kind
from sluice.run.state import Run
from sluice.runtime.__main__ import FAILED, main
from sluice.runtime.step_function import StepFunction
from tests.sluice.runtime import functions
from tests.sluice.runtime.jobs import Jobs
from tests.sluice.runtime.probe import submission


def test_a_function_that_is_not_there_is_reported(jobs: Jobs, run: Run) -> None:
    """A wrong name fails the job with a report, not with a bare traceback."""
    plan = submission(jobs, run, "find")
    jobs.submit(run, plan)
    assert jobs.start(run, plan, 0, {"find": "missing"}) == FAILED
    assert "missing" in jobs.failure(run, "find")["message"]


def test_a_step_without_a_function_is_named(jobs: Jobs, run: Run) -> None:
    """A definition that starts a plan as a cleanup is reported, and nothing is deleted."""
    plan = submission(jobs, run, "find")
    jobs.submit(run, plan)
    variables = {
        "SLUICE_RUN": run.run_id,
        "SLUICE_STEP": "find",
        "SLUICE_GENERATION": "0",
        "AWS_BATCH_JOB_ID": "job-find",
    }
    assert main(["cleanup"], jobs.settings.to_env() | variables) == FAILED
    assert "Expected <module>:<function> for a step of the kind plan" in jobs.failure(run, "find")["message"]


def test_a_step_function_knows_whether_it_has_begun() -> None:
    """Loading it is no beginning, and its parameters can still be looked at."""
    step_function = StepFunction("tests.sluice.runtime.functions:nothing")
    function = step_function.load(Kind.JOB)
    assert function is not None
    assert list(inspect.signature(function).parameters) == ["results", "out"]
    assert not step_function.begun
    function(None, None)
    assert step_function.begun


def test_the_function_of_a_start_job_never_begins() -> None:
    """It is Sluice's own, and every attempt of it may be repeated."""
    step_function = StepFunction("tests.sluice.runtime.functions:nothing")
    function = step_function.load(Kind.START)
    assert function is functions.nothing
    assert not step_function.begun


@pytest.mark.parametrize("kind", [Kind.CLEANUP, Kind.GATE])
def test_cleanup_and_gate_have_no_function(kind: Kind) -> None:
    """Their word is that of the kind."""
    assert StepFunction(str(kind)).load(kind) is None
