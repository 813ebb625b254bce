"""`sluice runs`: lists the newest runs."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from cli.cloud import Cloud, cloud_of
from cli.console import busy, console_of, note, say_json, show_table
from cli.options import command, positive
from cli.run_list import RunLine, list_runs
from sluice.run.state import RunState

if TYPE_CHECKING:
    from cli.options import Commands

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
        "--limit", metavar="N", type=positive, default=LIMIT, help="at most so many; default: %(default)s"
    )
    parser.set_defaults(run=lambda given: runs(given, cloud_of()))


def runs(given: argparse.Namespace, cloud: Cloud) -> int:
    """List runs; the exit code is 0 also when there are none."""
    state = RunState(given.state) if given.state else None
    console = console_of()
    with busy("Reading the ledger …"):
        listing = list_runs(
            cloud.client("dynamodb"), cloud.table, pipeline=given.pipeline, state=state, limit=given.limit
        )
    if given.json:
        say_json([asdict(run) for run in listing.runs])
    elif listing.runs:
        show_table(console, _COLUMNS, [_row(run) for run in listing.runs])
    else:
        note(
            "No run is like that."
            if given.pipeline or state
            else "There is no run yet: upload a file to the inbox bucket."
        )
    if listing.more:
        note(f"These are the newest {given.limit}; there are more: --limit N shows them.")
    return 0


def _row(run: RunLine) -> tuple[str, ...]:
    return run.run_id, str(run.state), moment(run.created_at), _took(run), run.input, run.failed_step or ""


def moment(stamp: str) -> str:
    """Return a time of the ledger as people read it."""
    return datetime.fromisoformat(stamp).astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")


def _took(run: RunLine) -> str:
    end = datetime.fromisoformat(run.ended_at) if run.ended_at else datetime.now(UTC)
    return f"{(end - datetime.fromisoformat(run.created_at)).total_seconds():.1f} s"
