"""The function of a step: found by its name."""

from __future__ import annotations

import inspect

import pytest

from sluice.run.compiled import Kind
from sluice.run.state import Run
from sluice.runtime.__main__ import main
from sluice.runtime.exit_codes import FAILED
from sluice.runtime.step_function import StepFunction
from sluice.runtime.worker.in_process import InProcessWorker
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
    assert main(["cleanup"], jobs.settings.to_env() | variables, InProcessWorker()) == FAILED
    assert "Expected <module>:<function> for a step of the kind plan" in jobs.failure(run, "find")["message"]


def test_the_parameters_of_a_function_can_be_looked_at() -> None:
    """It is the user's own, not wrapped in anything."""
    function = StepFunction("tests.sluice.runtime.functions:nothing").load(Kind.JOB)
    assert function is functions.nothing
    assert list(inspect.signature(function).parameters) == ["results", "out"]


@pytest.mark.parametrize("kind", [Kind.CLEANUP, Kind.GATE])
def test_cleanup_and_gate_have_no_function(kind: Kind) -> None:
    """Their word is that of the kind."""
    assert StepFunction(str(kind)).load(kind) is None
