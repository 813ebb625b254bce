"""What `sluice cancel` prints, and its exit code."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from cli.commands.cancel import cancel
from sluice.advance.lease import LEASE
from sluice.operate.errors import OperationError
from sluice.run.state import Run, RunState
from tests.cli.harness import CommandHarness
from tests.sluice.clouds import START, refused
from tests.sluice.graphs import RUN_ID, pipeline, step

TWO = pipeline(step("a"), step("b"), step("c", after=("a", "b")))
NOW = START.isoformat(timespec="milliseconds")


@pytest.fixture(autouse=True)
def _passes_follow_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sluice.operate.cancel.SECONDS_BETWEEN_PASSES", 0.01)


def run_of_two() -> Run:
    """Return a new run: two jobs, and one after both."""
    return Run(run_id=RUN_ID, pipeline=TWO, trigger={"key": "k"}, created_at=NOW)


def state_of(harness: CommandHarness) -> Run:
    """Return the run as the ledger has it."""
    run = harness.ledger.load(RUN_ID)
    assert run is not None
    return run


def test_a_job_that_does_not_end_is_no_success(
    harness: CommandHarness, capsys: pytest.CaptureFixture[str]
) -> None:
    """When something is left after the time, the exit code is 1 and what is left is named."""
    harness.advancer().start(run_of_two())
    harness.jobs.stubborn = {"job-1"}
    assert cancel(harness.given("cancel", RUN_ID, "--timeout", "1"), harness.cloud) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert f"after 1 s this is left of it: {RUN_ID}_b_0. Run the same command again" in err
    assert harness.jobs.terminated.count("job-1") == 1


def test_it_can_be_repeated(harness: CommandHarness, capsys: pytest.CaptureFixture[str]) -> None:
    """Cancelling a cancelled run checks again, and ends what was left."""
    harness.advancer().start(run_of_two())
    assert cancel(harness.given("cancel", RUN_ID), harness.cloud) == 0
    assert "3 jobs terminated, and a last check found none left" in capsys.readouterr().out
    assert cancel(harness.given("cancel", RUN_ID, "--json"), harness.cloud) == 0
    document = json.loads(capsys.readouterr().out)
    assert document == {
        "run_id": RUN_ID,
        "state": "CANCELLED",
        "terminated": [],
        "left": {"jobs": [], "claims": []},
    }


def test_a_run_that_has_succeeded_stays_so(harness: CommandHarness) -> None:
    """There is nothing to cancel in a run that has succeeded, and its cleanup is left alone."""
    harness.advancer().start(run_of_two())
    harness.end(RUN_ID, RunState.SUCCEEDED)
    with pytest.raises(OperationError, match=r"SUCCEEDED\. There is nothing to cancel"):
        cancel(harness.given("cancel", RUN_ID), harness.cloud)
    assert harness.jobs.terminated == []


def test_a_failed_run_stays_failed(harness: CommandHarness, capsys: pytest.CaptureFixture[str]) -> None:
    """What still lives of a failed run is terminated; that it failed is not rewritten."""
    harness.advancer().start(run_of_two())
    harness.end(RUN_ID, RunState.FAILED, "a")
    assert cancel(harness.given("cancel", RUN_ID), harness.cloud) == 0
    assert "had failed already and stays so: 3 jobs terminated" in capsys.readouterr().out
    assert (state_of(harness).state, state_of(harness).failed_step) == (RunState.FAILED, "a")


def test_the_lease_is_longer_than_a_canceller_needs(harness: CommandHarness) -> None:
    """The default time is enough for the claims of a submitter that has died to be settled."""
    assert timedelta(seconds=harness.given("cancel", "x").timeout) > LEASE


def test_other_automation_is_notified_that_a_run_is_cancelled(harness: CommandHarness) -> None:
    """The same command again publishes it again, with the same id."""
    harness.advancer().start(run_of_two())
    for _ in range(2):
        assert cancel(harness.given("cancel", RUN_ID), harness.cloud) == 0
    details = [json.loads(event["Detail"]) for event in harness.bus.sent]
    assert [(one["state"], one["id"]) for one in details] == [("CANCELLED", f"{RUN_ID}/0/CANCELLED")] * 2


@pytest.mark.parametrize(
    "answer", [refused("AccessDeniedException", "not authorized to perform: events:PutEvents", 403), 1]
)
def test_a_run_is_cancelled_though_no_event_can_be_sent(
    harness: CommandHarness, capsys: pytest.CaptureFixture[str], answer: Exception | int
) -> None:
    """What keeps the event from being sent is printed as a note."""
    harness.advancer().start(run_of_two())
    harness.bus.answer = answer
    assert cancel(harness.given("cancel", RUN_ID), harness.cloud) == 0
    assert "Other automation was not notified" in capsys.readouterr().err
    assert state_of(harness).state is RunState.CANCELLED
