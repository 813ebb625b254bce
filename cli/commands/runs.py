"""`sluice runs`: lists the newest runs."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime

from rich.console import Console

from cli.cloud import Cloud, about_pipeline, cloud_of
from cli.commands.pause import note_pauses
from cli.console import console_of, print_json, print_note, print_table, spinner
from cli.options import Commands, add_labels, command, positive
from cli.times import duration, moment, point_in_time
from sluice.operate.listing.labels import check_labels
from sluice.operate.listing.listing import MAX_EXAMINED, RunFilter, list_runs
from sluice.operate.listing.summaries import RunSummary
from sluice.operate.runs.turns import Turn, turns_of
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
    about = "2026-11-28, 2026-11-28T09:30 (UTC), or how long ago, such as 90m, 2h, 3d"
    parser.add_argument(
        "--since", metavar="TIME", type=point_in_time, help=f"only runs that began since then: {about}"
    )
    parser.add_argument(
        "--until", metavar="TIME", type=point_in_time, help="only runs that began before then"
    )
    parser.add_argument(
        "--input",
        metavar="TEXT",
        help="only runs of a file of this name, also in a group, or with this token or value in their input",
    )
    add_labels(parser, "only runs with this label; several: with all of them")
    parser.add_argument(
        "--limit", metavar="N", type=positive, default=LIMIT, help="at most this many; default: %(default)s"
    )
    parser.set_defaults(run=lambda given: runs(given, cloud_of()))


def runs(given: argparse.Namespace, cloud: Cloud) -> int:
    """List runs; the exit code is 0 also when there are none."""
    asked = _filter(given)
    console = console_of()
    with spinner("Reading the ledger …"):
        listing = list_runs(
            cloud.client("dynamodb"),
            cloud.deployment.table,
            asked=asked,
            limit=given.limit,
        )
    listed = _with_turns(cloud, listing.runs)
    if given.json:
        print_json([_document(run, turn) for run, turn in listed])
    elif listed:
        _print_runs(console, listed)
    else:
        _print_none(is_filtered=asked != RunFilter(), about=about_pipeline(cloud, given.pipeline))
    note_pauses(cloud, given.pipeline)
    if listing.more:
        print_note(_more(len(listing.runs), given.limit))
    return 0


def _filter(given: argparse.Namespace) -> RunFilter:
    return RunFilter(
        pipeline=given.pipeline,
        state=RunState(given.state) if given.state else None,
        since=given.since,
        until=given.until,
        input=given.input,
        labels=frozenset(check_labels(given.label)),
    )


def _more(shown: int, limit: int) -> str:
    if shown == limit:
        return f"These are the newest {limit}; there are more: --limit N shows them."
    return (
        f"These are of the newest {MAX_EXAMINED:,} runs; older ones were not looked through: --until TIME"
        " goes further back."
    )


def _with_turns(cloud: Cloud, found: Sequence[RunSummary]) -> list[tuple[RunSummary, Turn | None]]:
    """Return runs, each with its place among those that wait if it does."""
    turns = turns_of(cloud.ledger, [run.run_id for run in found if run.state is RunState.WAITING])
    return [(run, turns.get(run.run_id)) for run in found]


def _print_runs(console: Console, listed: Sequence[tuple[RunSummary, Turn | None]]) -> None:
    """Print a line for each run; labels have a column when there are any."""
    rows = [_row(run, turn) for run, turn in listed]
    columns: tuple[str, ...] = _COLUMNS
    if any(run.labels for run, _ in listed):
        columns = (*_COLUMNS, "LABELS")
        rows = [(*row, " ".join(run.labels)) for row, (run, _) in zip(rows, listed, strict=True)]
    print_table(console, columns, rows, one_line=True)


def _print_none(*, is_filtered: bool, about: str) -> None:
    none_yet = "There is no run yet: upload a file to the inbox bucket."
    print_note(f"No run matches.{about}" if is_filtered else none_yet)


def _document(run: RunSummary, turn: Turn | None) -> dict[str, object]:
    """Return a run for programs; one that waits with its place among those that do."""
    return {**asdict(run), **({"place": turn.place} if turn else {})}


def _row(run: RunSummary, turn: Turn | None) -> tuple[str, ...]:
    state = f"{run.state} {turn.place}." if turn else str(run.state)
    return run.run_id, state, moment(run.created_at), _took(run), run.input, run.failed_step or ""


def _took(run: RunSummary) -> str:
    end = datetime.fromisoformat(run.ended_at) if run.ended_at else datetime.now(UTC)
    return duration((end - datetime.fromisoformat(run.created_at)).total_seconds())
