"""Runs that wait for their turn, as `sluice runs`, `show` and `cancel` show them."""

from __future__ import annotations

import json

import pytest

from cli.commands.cancel import cancel
from cli.commands.runs import runs
from cli.commands.show.command import show
from sluice.operate.runs.turns import turn_of
from sluice.run.state import RunState
from tests.cli.harness import CommandHarness
from tests.sluice.ordering.runs import limited, run_id, run_number, states


@pytest.fixture
def queue(harness: CommandHarness) -> CommandHarness:
    """A run that runs, and three that wait behind it, of which the first was cancelled."""
    for number in range(4):
        harness.advancer().start(run_number(number, limited()))
    assert cancel(harness.given("cancel", run_id(1)), harness.cloud) == 0
    return harness


def test_a_list_has_the_place_of_each_run_that_waits(
    queue: CommandHarness, capsys: pytest.CaptureFixture[str]
) -> None:
    """One that was cancelled counts no more."""
    capsys.readouterr()
    assert runs(queue.given("runs"), queue.cloud) == 0
    lines = {line.split()[0]: line for line in capsys.readouterr().out.splitlines()}
    assert "WAITING 1." in lines[run_id(2)]
    assert "WAITING 2." in lines[run_id(3)]
    assert "CANCELLED" in lines[run_id(1)]
    runs(queue.given("runs", "--json", "--state", "waiting"), queue.cloud)
    found = json.loads(capsys.readouterr().out)
    assert {one["run_id"]: one["place"] for one in found} == {run_id(2): 1, run_id(3): 2}


def test_a_run_that_waits_says_behind_which(
    queue: CommandHarness, capsys: pytest.CaptureFixture[str]
) -> None:
    """Those that run, and those that wait before it."""
    capsys.readouterr()
    assert show(queue.given("show", run_id(3)), queue.cloud) == 0
    out = capsys.readouterr().out
    assert "2. of those that wait for their turn" in out
    assert [line.split()[1] for line in out.splitlines() if line.startswith("behind")] == [
        run_id(0),
        run_id(2),
    ]
    assert "WAITING" in out.split("STEP", 1)[1]
    show(queue.given("show", run_id(3), "--json"), queue.cloud)
    assert json.loads(capsys.readouterr().out)["turn"] == {
        "place": 2,
        "running": [run_id(0)],
        "before": [run_id(2)],
    }


def test_a_run_that_runs_has_no_turn(queue: CommandHarness) -> None:
    """Nor has one that is over."""
    for number in (0, 1):
        run = queue.ledger.load(run_id(number))
        assert run is not None
        assert turn_of(queue.ledger, run) is None


def test_a_replaced_run_names_the_newer_one(
    harness: CommandHarness, capsys: pytest.CaptureFixture[str]
) -> None:
    """It never ran, and can be neither cancelled into another state nor retried."""
    for number in range(3):
        harness.advancer().start(run_number(number, limited(replaces="newest")))
    assert states(harness, 3) == "RXW"
    assert show(harness.given("show", run_id(1)), harness.cloud) == 0
    assert f"replaced by  {run_id(2)}" in capsys.readouterr().out
    assert cancel(harness.given("cancel", run_id(1)), harness.cloud) == 0
    run = harness.ledger.load(run_id(1))
    assert run is not None
    assert run.state is RunState.REPLACED
