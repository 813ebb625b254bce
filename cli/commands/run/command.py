"""`sluice run NAME`: uploads files or sends a request, and follows the runs that begin."""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.console import Console

from cli.cloud import Cloud, cloud_of
from cli.commands.run.starting import Started, start
from cli.console import console_of, print_json, print_line, print_note
from cli.errors import FAILED
from cli.options import Commands, add_labels, command
from cli.project import current_project
from cli.watch import watch
from sluice.operate.listing.labels import check_labels, label_run
from sluice.operate.pipelines import find_pipeline
from sluice.operate.runs.following import expect_start
from sluice.operate.runs.reader import RunReader
from sluice.operate.runs.view import RunView
from sluice.run.state import RunState

BEGINS_WITHIN_SECONDS = 120.0
"""From the event to the first line in the ledger: two queues and a cold start, with room."""
Sleep = Callable[[float], None]


def add_to(commands: Commands) -> None:
    """Add the command to the parser's commands."""
    text = (
        "Uploads files for a pipeline, or requests a run, and follows what begins. The exit code is 1 when a"
        " run has not succeeded."
    )
    parser = command(commands, "run", "start a pipeline and follow it", text)
    parser.add_argument("name", metavar="NAME", help="a pipeline of the project, as it was deployed")
    about = (
        "files to upload: each starts a run, or a group or a set of them does, or they go with a request, as"
        " the pipeline's triggers say"
    )
    parser.add_argument("files", metavar="FILE", nargs="*", type=Path, help=about)
    parser.add_argument(
        "--input",
        metavar="JSON",
        type=_json,
        help="the input of the run, for a pipeline with a Manual trigger",
    )
    parser.add_argument(
        "--overrides",
        metavar="JSON",
        type=_json,
        help="what steps of this run get instead of what the pipeline's file has, by their names",
    )
    parser.add_argument(
        "--items",
        metavar="FILE",
        type=Path,
        help="work on just these items, such as the failed.jsonl of a run, in place of what the plan finds",
    )
    parser.add_argument(
        "--token",
        metavar="TEXT",
        help="the same token is the same run, however often it is requested; default: a new one",
    )
    parser.add_argument(
        "--prefix",
        metavar="PREFIX",
        help="the upload trigger to start, when several take the files; for a set the folder of their keys",
    )
    parser.add_argument(
        "--anyway", action="store_true", help="start it though it is paused; for requests alone"
    )
    add_labels(parser, "a label of the runs that begin, by which `sluice runs` finds them; several: up to 10")
    parser.add_argument("--detach", action="store_true", help="print the ids of the runs and return at once")
    parser.set_defaults(run=lambda given: run(given, cloud_of(), current_project().root))


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"expected JSON, found {text[:100]!r}: {error}") from error


def run(given: argparse.Namespace, cloud: Cloud, root: Path, *, sleep: Sleep = time.sleep) -> int:
    """Start runs and follow them to their ends; return 1 when one has not succeeded."""
    labels = check_labels(given.label)
    started = start(given, cloud, find_pipeline(given.name, root), sleep)
    for run_id in (*started.run_ids, *started.may_begin):
        label_run(cloud.client("dynamodb"), cloud.deployment.table, run_id, labels)
    if given.detach or not started.run_ids:
        _print_ids(started.run_ids, as_json=given.json)
        return 0
    views = _follow(cloud, started, Console(quiet=True) if given.json else console_of(), sleep)
    if given.json:
        print_json([asdict(view) for view in views])
    return 0 if all(view.state is RunState.SUCCEEDED for view in views) else FAILED


def _print_ids(run_ids: Sequence[str], *, as_json: bool) -> None:
    if as_json:
        print_json(run_ids)
        return
    for run_id in run_ids:
        print_line(run_id)


def _follow(cloud: Cloud, started: Started, console: Console, sleep: Sleep) -> Sequence[RunView]:
    """Show the runs until they have ended, and return them as they ended."""
    reader = RunReader(cloud.ledger, cloud.client("batch"))
    read = expect_start(reader, started.run_ids, started.within + BEGINS_WITHIN_SECONDS)
    print_note(f"following {', '.join(started.run_ids)}; Ctrl-C stops following, not the run")
    return watch(read, console, runs=len(started.run_ids), sleep=sleep)
