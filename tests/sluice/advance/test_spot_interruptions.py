"""Which failed children were ended by spot interruptions."""

from __future__ import annotations

from typing import Any

import pytest

from sluice.advance.spot_interruptions import interrupted_children
from sluice.run.state import GenerationSpec, StepRecord, StepState
from tests.sluice.clouds import Batch

HOST_LOST = "Host EC2 (instance i-0abc) terminated."
TASK_INTERRUPTED = "Your Spot Task was interrupted."


def record(children: int, spec: str | None = None) -> StepRecord:
    """Return a failed array."""
    return StepRecord(
        name="a",
        state=StepState.FAILED,
        job_id="job",
        children=children,
        claimed_at="2026",
        spec=GenerationSpec(children=spec),
    )


def job(*reasons: str, last: str = "") -> dict[str, Any]:
    """Return a job whose attempts ended so."""
    return {
        "statusReason": last or reasons[-1],
        "attempts": [{"statusReason": reason} for reason in reasons],
    }


@pytest.mark.parametrize("reason", [HOST_LOST, TASK_INTERRUPTED])
def test_children_are_counted_that_were_interrupted_often_enough(reason: str) -> None:
    """On EC2 and on Fargate; what something else ended last is no fault of the machines."""
    batch = Batch()
    batch.details = {
        "job:0": job(reason, reason),
        "job:1": job(reason),
        "job:2": job(reason, reason, last="Essential container in task exited"),
        "job:3": job("Task failed to start", reason, reason),
    }
    assert interrupted_children(batch, record(5), "0-4", 2) == "0,3"


def test_children_have_their_numbers_in_the_whole_step() -> None:
    """The ids of their jobs have those of the array; children of other generations are left out."""
    batch = Batch()
    batch.details = {"job:1": job(HOST_LOST)}
    assert interrupted_children(batch, record(9, "4,7"), "4,7-8", 1) == "7"
    batch.details = {"job": job(HOST_LOST)}
    assert interrupted_children(batch, record(9, "4"), "4", 1) == "4"


def test_a_job_that_was_never_submitted_was_not_interrupted() -> None:
    """It was refused."""
    never = StepRecord(name="a", state=StepState.FAILED, children=3, claimed_at="2026")
    assert interrupted_children(Batch(), never, "0-2", 1) == ""
