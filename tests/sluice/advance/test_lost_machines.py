"""Which failed children were ended by their machines: by spot interruptions, or by a fault without a rule."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from sluice.advance.lost_machines import LostChildren, lost_children
from sluice.run.compiled import CompiledStep, Kind
from sluice.run.state import GenerationSpec, StepRecord, StepState
from tests.sluice.clouds import Batch
from tests.sluice.graphs import step

HOST_LOST = "Host EC2 (instance i-0abc) terminated."
TASK_INTERRUPTED = "Your Spot Task was interrupted."
EXITED = "Essential container in task exited"
STEP = step("a", Kind.ARRAY, size=9)


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


def moving(least: int) -> CompiledStep:
    """Return a step whose children move after so many lost machines."""
    return replace(STEP, reclaimed=least)


@pytest.mark.parametrize("reason", [HOST_LOST, TASK_INTERRUPTED])
def test_children_are_counted_that_were_interrupted_often_enough(reason: str) -> None:
    """On EC2 and on Fargate; what something else ended last is no fault of the machines."""
    batch = Batch()
    batch.details = {
        "job:0": job(reason, reason),
        "job:1": job(reason),
        "job:2": job(reason, reason, last=EXITED),
        "job:3": job("Task failed to start", reason, reason),
    }
    assert lost_children(batch, moving(2), record(5), "0-4") == LostChildren("0,3", None)


def test_children_have_their_numbers_in_the_whole_step() -> None:
    """The ids of their jobs have those of the array; children of other generations are left out."""
    batch = Batch()
    batch.details = {"job:1": job(HOST_LOST)}
    assert lost_children(batch, moving(1), record(9, "4,7"), "4,7-8").interrupted == "7"
    batch.details = {"job": job(HOST_LOST)}
    assert lost_children(batch, moving(1), record(9, "4"), "4").interrupted == "4"


def test_a_job_that_was_never_submitted_was_not_interrupted() -> None:
    """It was refused."""
    never = StepRecord(name="a", state=StepState.FAILED, children=3, claimed_at="2026")
    assert lost_children(Batch(), moving(1), never, "0-2").interrupted == ""


def test_one_question_finds_both() -> None:
    """What a spot interruption ended moves; what a fault ended is known apart, by one call."""
    batch, asked = Batch(), list[Any]()
    batch.details = {
        "job:0": job(HOST_LOST),
        "job:1": {**job(EXITED), "container": {"reason": "DockerTimeoutError: x"}},
        "job:2": {**job(EXITED), "container": {"reason": "DockerTimeoutError: x", "exitCode": 1}},
    }
    describe = batch.describe_jobs
    batch.describe_jobs = lambda **request: asked.append(request) or describe(**request)  # type: ignore[method-assign, func-returns-value]
    both = replace(moving(1), unhandled_faults=("DockerTimeoutError",), fault_times=1)
    assert lost_children(batch, both, record(3), "0-2") == LostChildren("0", "1")
    assert len(asked) == 1


def test_nothing_is_asked_where_it_makes_no_difference() -> None:
    """Neither of a step whose rules name every fault, nor of one that was repeated often enough."""

    class Silent(Batch):
        def describe_jobs(self, **request: Any) -> dict[str, Any]:
            raise AssertionError(request)

    assert lost_children(Silent(), STEP, record(3), "0-2") == LostChildren()
    often = replace(record(3), spec=GenerationSpec(machine_faults=2))
    ruled = replace(STEP, unhandled_faults=("DockerTimeoutError",), fault_times=2)
    assert lost_children(Silent(), ruled, often, "0-2") == LostChildren()
