"""`sluice show RUN`: a run's steps, each with its state, its children, how long it took and why it failed."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from dataclasses import asdict
from math import inf
from typing import TYPE_CHECKING, Any

from rich.console import Console

from cli.cloud import Cloud, cloud_of
from cli.console import aligned, console_of, say, say_json
from cli.failures import FAILED, CommandError
from cli.options import add_run, command
from cli.run_list import run_of
from cli.run_view import Runs, RunView, StepView
from cli.runs import moment
from cli.watch import tables, watch
from sluice.run.state import RunState

if TYPE_CHECKING:
    from cli.options import Commands

SECONDS_BETWEEN_LOOKS = 1.0
"""A look is a Query and a DescribeJobs: often enough for a person, and far from any limit."""
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


def show(given: argparse.Namespace, cloud: Cloud, *, sleep: Callable[[float], None] = time.sleep) -> int:
    """Show a run, once or until it has ended; return 1 when it has failed or was cancelled."""
    run_id = run_of(cloud.client("dynamodb"), cloud.table, given.run_id)
    runs = Runs(cloud.ledger, cloud.client("batch"))

    def look() -> RunView:
        views = runs.look([run_id])
        if not views:
            raise CommandError(
                f"Expected the run {run_id} in the ledger, found that it was removed meanwhile."
            )
        return views[0]

    if given.json:
        view = _follow_json(look, sleep) if given.follow else look()
        if not given.follow:
            say_json(asdict(view))
    else:
        view = _show(look, console_of(), given.follow, sleep)
    return FAILED if view.state in (RunState.FAILED, RunState.CANCELLED) else 0


def _show(
    look: Callable[[], RunView], console: Console, follow: bool, sleep: Callable[[float], None]
) -> RunView:
    view = look()
    for line in _head(view):
        say(line)
    watched = follow and not view.ended
    if watched:
        view = watch(
            lambda: [look()], console, runs=1, seconds=inf, sleep=lambda _: sleep(SECONDS_BETWEEN_LOOKS)
        )[0]
    if console.is_terminal:
        if not watched:  # else the last table of the watch stands there
            console.print(tables([view]))
    else:
        for line in aligned([_COLUMNS, *(_row(step) for step in view.steps)]):
            say(line)
    return view


def _follow_json(look: Callable[[], RunView], sleep: Callable[[float], None]) -> RunView:
    """Print a line of JSON now and whenever something but the clock changed."""
    before: dict[str, Any] | None = None
    while True:
        view = look()
        if _timeless(view) != before:
            before = _timeless(view)
            say_json(asdict(view), lines=True)
        if view.ended:
            return view
        sleep(SECONDS_BETWEEN_LOOKS)


def _timeless(view: RunView) -> dict[str, Any]:
    steps = [
        {name: value for name, value in asdict(step).items() if name != "seconds"} for step in view.steps
    ]
    return {"state": view.state, "steps": steps}


def _head(view: RunView) -> list[str]:
    facts = [
        ("run", view.run_id),
        ("input", view.input),
        ("state", str(view.state)),
        ("began", f"{moment(view.created_at)} UTC"),
        ("ended", f"{moment(view.ended_at)} UTC, {view.seconds:.1f} s" if view.ended_at else "not yet"),
    ]
    failed = next((step.name for step in view.steps if step.failed or step.state == RunState.FAILED), None)
    hint = (
        [("why", f"sluice logs {view.run_id} {failed}")] if failed and view.state is RunState.FAILED else []
    )
    return [*aligned([*facts, *hint]), ""]


def _row(step: StepView) -> tuple[str, ...]:
    count = f"{step.done} of {step.children}" if step.children else ""
    took = f"{step.seconds:.1f} s" if step.seconds is not None else ""
    return step.name, step.kind, step.state, count, took, step.reason or ""
