"""Which runs are late, and which have not started."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from sluice.alerts.delays import alert_note, find_delay
from sluice.messages import LATE, NOT_STARTED
from sluice.run.state import Run, RunState, StepRecord, StepState
from tests.sluice.graphs import RUN_ID, pipeline, step

BEGAN = datetime(2026, 1, 1, tzinfo=UTC)


def run(expected: int | None = None, **changes: Any) -> Run:
    """Return a run of one step that was submitted when it began."""
    record = StepRecord(name="a", state=StepState.SUBMITTED, job_id="j", claimed_at=BEGAN.isoformat())
    graph = replace(pipeline(step("a")), expected_within=expected)
    facts = {
        "run_id": RUN_ID,
        "pipeline": graph,
        "trigger": {},
        "created_at": BEGAN.isoformat(),
        "steps": {"a": record},
    }
    return Run(**{**facts, **changes})


def job(status: str, **more: Any) -> dict[str, Any]:
    """Return what DescribeJobs says of the step's job."""
    return {"jobName": f"{RUN_ID}_a_0", "status": status, **more}


def found(one: Run, minutes: float, *jobs: dict[str, Any]) -> str | None:
    """Return which delay is found so many minutes after the beginning."""
    delay = find_delay(one, jobs, BEGAN + timedelta(minutes=minutes))
    return delay.delay if delay else None


@pytest.mark.parametrize(("minutes", "delay"), [(59.9, None), (60, None), (60.1, LATE), (10_000, LATE)])
def test_a_run_is_late_when_its_time_is_over(minutes: float, delay: str | None) -> None:
    """Not before."""
    assert found(run(3600), minutes, job("RUNNING")) == delay


def test_a_run_without_an_expected_time_is_never_late() -> None:
    """Nothing was promised."""
    assert found(run(), 100_000, job("RUNNING")) is None


@pytest.mark.parametrize("state", [RunState.SUCCEEDED, RunState.FAILED, RunState.CANCELLED])
def test_a_run_that_is_over_is_not_delayed(state: RunState) -> None:
    """Whatever its jobs do."""
    assert found(run(60, state=state), 1000, job("RUNNABLE")) is None


def test_one_alert_is_sent_for_each_delay() -> None:
    """The notes in the ledger record which alerts were sent."""
    late = run(60, notes=frozenset({alert_note(LATE)}))
    assert found(late, 1000, job("RUNNABLE")) == NOT_STARTED
    assert (
        found(
            replace(late, notes=frozenset({alert_note(LATE), alert_note(NOT_STARTED)})), 1000, job("RUNNABLE")
        )
        is None
    )


@pytest.mark.parametrize(
    ("jobs", "delay"),
    [
        ([job("RUNNABLE")], NOT_STARTED),
        ([job("SUBMITTED"), job("PENDING")], NOT_STARTED),
        ([], NOT_STARTED),
        ([job("STARTING")], None),
        ([job("RUNNING")], None),
        (
            [job("PENDING", arrayProperties={"size": 2, "statusSummary": {"RUNNABLE": 2, "RUNNING": 0}})],
            NOT_STARTED,
        ),
        (
            [job("PENDING", arrayProperties={"size": 2, "statusSummary": {"RUNNABLE": 1, "SUCCEEDED": 1}})],
            None,
        ),
    ],
)
def test_a_run_has_started_when_any_job_or_child_has_come_to_a_machine(
    jobs: list[dict[str, Any]], delay: str | None
) -> None:
    """After half an hour it should have."""
    assert found(run(), 31, *jobs) == delay
    assert found(run(), 29, *jobs) is None


def test_a_run_whose_first_step_is_done_has_started() -> None:
    """The other jobs wait for their turn."""
    done = StepRecord(name="b", state=StepState.SUCCEEDED, job_id="k", claimed_at=BEGAN.isoformat())
    one = run()
    assert found(replace(one, steps={**one.steps, "b": done}), 1000, job("RUNNABLE")) is None


def test_a_resumed_run_is_measured_from_then_on() -> None:
    """A step of a later generation was claimed when the run was resumed."""
    second = StepRecord(
        name="a",
        state=StepState.SUBMITTED,
        generation=1,
        job_id="k",
        claimed_at=(BEGAN + timedelta(days=2)).isoformat(),
    )
    one = run(3600, steps={"a": second})
    assert found(one, 2 * 24 * 60 + 59, job("RUNNING")) is None
    assert found(one, 2 * 24 * 60 + 61, job("RUNNING")) == LATE


def test_a_delay_says_how_far_the_run_is() -> None:
    """With the reason of a blocked queue."""
    message = find_delay(
        run(3600), [job("RUNNABLE", statusReason="MISCONFIGURATION:X - y")], BEGAN + timedelta(hours=26)
    )
    assert message is not None
    assert (
        message.why
        == "expected within 1h, under way for 1d2h; a is RUNNABLE (a compute environment is set up so that"
        " the job cannot run)"
    )
