"""`sluice show RUN`: a run's steps, each with its state, its children, how long it took and why it failed."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from cli.cloud import Cloud, cloud_of
from cli.console import aligned, console_of, print_json, print_line
from cli.errors import FAILED
from cli.options import Commands, add_run, command
from cli.times import duration, moment
from cli.watch import child_count, tables, watch
from sluice.operate.runs.following import follow
from sluice.operate.runs.lookup import find_run_id
from sluice.operate.runs.reader import RunReader
from sluice.operate.runs.view import RunView, StepView
from sluice.run.state import RunState

Sleep = Callable[[float], None]
ReadOne = Callable[[], RunView]
_COLUMNS = ("STEP", "KIND", "STATE", "CHILDREN", "TOOK", "REASON")


def add_to(commands: Commands) -> None:
    """Add the command to the parser's commands."""
    parser = command(
        commands,
        "show",
        "show a run",
        "Shows a run's steps. The exit code is 1 when the run has failed or was cancelled.",
    )
    add_run(parser)
    parser.add_argument("--follow", action="store_true", help="stay until the run has ended")
    parser.set_defaults(run=lambda given: show(given, cloud_of()))


def show(given: argparse.Namespace, cloud: Cloud, *, sleep: Sleep = time.sleep) -> int:
    """Show a run, once or until it has ended; return 1 when it has failed or was cancelled."""
    run_id = find_run_id(cloud.client("dynamodb"), cloud.deployment.table, given.run_id)
    reader = RunReader(cloud.ledger, cloud.client("batch"))

    def read() -> RunView:
        return reader.read_one(run_id)

    show_it = _show_json if given.json else _show
    view = show_it(read, given.follow, sleep)
    return FAILED if view.state in (RunState.FAILED, RunState.CANCELLED) else 0


def _show(read: ReadOne, follows: bool, sleep: Sleep) -> RunView:
    console, view = console_of(), read()
    for line in _head(view):
        print_line(line)
    watched = follows and not view.ended
    if watched:
        (view,) = watch(lambda: [read()], console, runs=1, sleep=sleep)
    if not console.is_terminal:
        _print_steps(view)
    elif not watched:  # else the last table of the watch stands there
        console.print(tables([view]))
    return view


def _print_steps(view: RunView) -> None:
    for line in aligned([_COLUMNS, *(_row(step) for step in view.steps)]):
        print_line(line)


def _show_json(read: ReadOne, follows: bool, sleep: Sleep) -> RunView:
    """Print the run; to follow it, print a line of JSON now and whenever something but the clock changed."""
    if not follows:
        view = read()
        print_json(asdict(view))
        return view
    printed: dict[str, Any] | None = None
    for (view,) in follow(lambda: [read()], runs=1, sleep=sleep):
        if _timeless(view) != printed:
            printed = _timeless(view)
            print_json(asdict(view), lines=True)
    return view


def _timeless(view: RunView) -> dict[str, Any]:
    steps = [
        {name: value for name, value in asdict(step).items() if name != "seconds"} for step in view.steps
    ]
    return {"state": view.state, "steps": steps}


def _head(view: RunView) -> list[str]:
    ended = f"{moment(view.ended_at)} UTC, {duration(view.seconds)}" if view.ended_at else "not yet"
    facts = [
        ("run", view.run_id),
        ("input", view.input),
        ("state", str(view.state)),
        ("began", f"{moment(view.created_at)} UTC"),
        ("ended", ended),
    ]
    failed = next((step.name for step in view.steps if step.failed or step.state == RunState.FAILED), None)
    if failed and view.state is RunState.FAILED:
        facts.append(("why", f"sluice logs {view.run_id} {failed}"))
    return [*aligned(facts), ""]


def _row(step: StepView) -> tuple[str, ...]:
    return step.name, step.kind, step.state, child_count(step), duration(step.seconds), step.reason or ""
