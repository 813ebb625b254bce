"""`sluice runs`: lists the newest runs."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from datetime import UTC, datetime

from cli.cloud import Cloud, cloud_of
from cli.console import console_of, print_json, print_note, print_table, spinner
from cli.options import Commands, command, positive
from cli.times import duration, moment
from sluice.operate.runs.listing import RunSummary, list_runs
from sluice.run.state import RunState

LIMIT = 20
_COLUMNS = ("RUN", "STATE", "BEGAN (UTC)", "TOOK", "INPUT", "FAILED AT")


def add_to(commands: Commands) -> None:
    """Add the command to the parser's commands."""
    parser = command(commands, "runs", "list runs", "Lists the newest runs of the ledger, the newest first.")
    parser.add_argument("--pipeline", metavar="NAME", help="only runs of this pipeline")
    parser.add_argument(
        "--state", type=str.upper, choices=[str(state) for state in RunState], help="only runs in this state"
    )
    parser.add_argument(
        "--limit", metavar="N", type=positive, default=LIMIT, help="at most this many; default: %(default)s"
    )
    parser.set_defaults(run=lambda given: runs(given, cloud_of()))


def runs(given: argparse.Namespace, cloud: Cloud) -> int:
    """List runs; the exit code is 0 also when there are none."""
    state = RunState(given.state) if given.state else None
    console = console_of()
    with spinner("Reading the ledger …"):
        listing = list_runs(
            cloud.client("dynamodb"),
            cloud.deployment.table,
            pipeline=given.pipeline,
            state=state,
            limit=given.limit,
        )
    if given.json:
        print_json([asdict(run) for run in listing.runs])
    elif listing.runs:
        print_table(console, _COLUMNS, [_row(run) for run in listing.runs])
    else:
        filtered = bool(given.pipeline or state)
        print_note(
            "No run matches." if filtered else "There is no run yet: upload a file to the inbox bucket."
        )
    if listing.more:
        print_note(f"These are the newest {given.limit}; there are more: --limit N shows them.")
    return 0


def _row(run: RunSummary) -> tuple[str, ...]:
    return run.run_id, str(run.state), moment(run.created_at), _took(run), run.input, run.failed_step or ""


def _took(run: RunSummary) -> str:
    end = datetime.fromisoformat(run.ended_at) if run.ended_at else datetime.now(UTC)
    return duration((end - datetime.fromisoformat(run.created_at)).total_seconds())
