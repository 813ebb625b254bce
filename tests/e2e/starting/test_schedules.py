"""Scheduled times that were missed get their runs, with IAM enforced."""

from __future__ import annotations

from typing import Any

from cli.cloud import Cloud
from cli.commands.backfill.command import run as run_backfill
from cli.main import parser
from sluice.catch_up.ledger import CatchUpLedger
from sluice.run.state import RunState
from tests.e2e.application import Application, wait_for
from tests.e2e.project import PIPELINES

MISSED = ["2024-02-01T08:00:00Z", "2025-02-01T08:00:00Z"]


def runs_of(app: Application) -> dict[str, str]:
    """Return the runs, by their times."""
    return {
        str(trigger["time"]): run_id
        for run_id, trigger in app.triggers()
        if run_id.startswith("catching-up-")
    }


def test_each_missed_time_gets_one_run_when_the_pipeline_is_deployed(app: Application) -> None:
    """In order, one at a time; a backfill of the same times finds these runs and begins no other."""
    runs = wait_for(
        lambda: found if len(found := runs_of(app)) == len(MISSED) else None, "a run of each time"
    )
    assert sorted(runs) == MISSED
    ended = [app.wait_until_ended(runs[time]) for time in MISSED]
    assert {view.state for view in ended} == {RunState.SUCCEEDED}
    begun: list[Any] = [app.ledger.load(runs[time]) for time in MISSED]
    assert begun[0].ended_at <= begun[1].created_at
    ledger = CatchUpLedger(app.client("dynamodb"), app.outputs["LedgerTable"])
    wait_for(lambda: "catching-up" not in list(ledger.open()), "the end of catching up")

    words = ["backfill", "catching-up", "--since", "2024-01-01", "--until", "2026-01-01", "--yes", "--json"]
    given = parser().parse_args(words)
    assert run_backfill(given, Cloud(app.client, "the test's cloud"), PIPELINES.parent) == 0
    assert runs_of(app) == runs
