"""A plan is believed when it comes from the job of its step, registered or not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from sluice.advance.plan_sender import comes_from_its_job
from sluice.messages import Planned
from sluice.run.state import Run, StepRecord, StepState
from tests.sluice.clouds import Batch
from tests.sluice.graphs import word_count

RUN = "words-" + "a" * 20
PLAN = Planned(run=RUN, step="split", generation=1, job_id="job", items=3, manifest="m")


def run_with(job_id: str | None) -> Run:
    """Return a run whose plan is claimed, and registered or not."""
    step = StepRecord(name="split", state=StepState.SUBMITTED, generation=1, job_id=job_id)
    return Run(run_id=RUN, pipeline=word_count(), trigger={}, steps={"split": step})


@pytest.mark.parametrize(
    ("name", "believed"),
    [
        (f"{RUN}_split_1", True),
        (f"{RUN}_split_0", False),
        (f"{RUN}_count_1", False),
        (f"words-{'b' * 20}_split_1", False),
        (None, False),
    ],
)
def test_before_registration_the_name_of_the_job_decides(name: str | None, believed: bool) -> None:
    """It must be the run's, the step's and the generation's; a job that Batch does not know has none."""
    batch: Any = Batch()
    if name is not None:
        batch.details["job"] = {"jobName": name}
    assert comes_from_its_job(PLAN, run_with(None), batch) is believed


def test_after_registration_the_id_decides() -> None:
    """Batch is not asked."""
    batch: Any = None
    assert comes_from_its_job(PLAN, run_with("job"), batch)
    assert not comes_from_its_job(replace(PLAN, job_id="other"), run_with("job"), batch)
    assert not comes_from_its_job(replace(PLAN, step="none"), run_with("job"), batch)
