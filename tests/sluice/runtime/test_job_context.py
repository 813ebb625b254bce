"""Which job this is: from the environment, and of a later generation from the ledger."""

from __future__ import annotations

import pytest

from sluice.run.state import Run, StepState
from sluice.runtime.__main__ import main
from sluice.runtime.exit_codes import NOT_STARTED
from tests.sluice.runtime import functions
from tests.sluice.runtime.jobs import ENVIRONMENT, Jobs, job_id
from tests.sluice.runtime.probe import AGAIN, FUNCTIONS, resubmitted, worked


@pytest.mark.parametrize("name", ["SLUICE_GENERATION", "AWS_BATCH_JOB_ATTEMPT", "AWS_BATCH_JOB_ARRAY_INDEX"])
def test_wrong_numbers_are_named(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The job does not start, and says which variable is wrong."""
    assert main(["cleanup"], ENVIRONMENT | {name: "-1"}) == NOT_STARTED
    assert capsys.readouterr().err.startswith(f"Expected {name} to be a whole number, found '-1'.")


def test_a_child_that_no_submission_has_is_refused(jobs: Jobs, run: Run) -> None:
    """There are as many children as the ledger says."""
    work = worked(jobs, run)
    jobs.ledger.record_end(run.run_id, "work", StepState.FAILED, job_id=job_id("work"))
    resubmitted(jobs, run, work, "0,2")
    functions.worked.clear()
    assert jobs.start(run, work, 2, FUNCTIONS, **AGAIN) != 0
    assert functions.worked == []
