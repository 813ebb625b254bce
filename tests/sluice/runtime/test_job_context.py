"""Which job this is: from the environment, and of a later generation from the ledger."""

from __future__ import annotations

import pytest

from sluice.run.state import Run
from sluice.runtime.__main__ import main
from sluice.runtime.exit_codes import NOT_STARTED
from tests.sluice.runtime import functions
from tests.sluice.runtime.functions import fails_at
from tests.sluice.runtime.jobs import ENVIRONMENT, Jobs
from tests.sluice.runtime.probe import AGAIN, FUNCTIONS, resubmitted, worked


@pytest.mark.parametrize("name", ["SLUICE_GENERATION", "AWS_BATCH_JOB_ATTEMPT", "AWS_BATCH_JOB_ARRAY_INDEX"])
def test_wrong_numbers_are_named(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The job does not start, and says which variable is wrong."""
    assert main(["cleanup"], ENVIRONMENT | {name: "-1"}) == NOT_STARTED
    assert capsys.readouterr().err.startswith(f"Expected {name} to be a whole number, found '-1'.")


def test_a_child_that_no_submission_has_is_refused(
    jobs: Jobs, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There are as many children as the ledger says."""
    monkeypatch.setattr(functions, "on_item", fails_at(0, 8))
    work = worked(jobs, run)
    resubmitted(jobs, run, work, "0,2")
    functions.worked.clear()
    assert jobs.start(run, work, 2, FUNCTIONS, **AGAIN) != 0
    assert functions.worked == []
