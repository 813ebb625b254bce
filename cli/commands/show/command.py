"""`sluice show RUN [STEP]`: a run's input, results and steps, with the reasons of those that failed; or the
children of a step.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from cli.cloud import Cloud, cloud_of
from cli.commands.show.children import show_children
from cli.commands.show.facts import RunFacts
from cli.console import aligned, console_of, print_json, print_line, print_sentence
from cli.errors import FAILED
from cli.options import Commands, add_run, command
from cli.screen.words import remark
from cli.times import duration, moment
from cli.watch import child_count, tables, watch
from sluice.operate.listing.lookup import find_run_id
from sluice.operate.runs.following import follow
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
        "Shows a run's input, results and steps, and why steps failed; or a step's children. The exit code is"
        " 1 when the run has failed or was cancelled.",
    )
    add_run(parser)
    parser.add_argument(
        "step", metavar="STEP", nargs="?", help="show this step's children: states, attempts, reasons"
    )
    parser.add_argument("--follow", action="store_true", help="stay until the run has ended")
    parser.set_defaults(run=lambda given: show(given, cloud_of()))


def show(given: argparse.Namespace, cloud: Cloud, *, sleep: Sleep = time.sleep) -> int:
    """Show a run, once or until it has ended; return 1 when it has failed or was cancelled."""
    run_id = find_run_id(cloud.client("dynamodb"), cloud.deployment.table, given.run_id)
    reader = RunReader(cloud.ledger, cloud.client("batch"))

    def read() -> RunView:
        return reader.read_one(run_id)

    if given.step is not None:
        return show_children(cloud, run_id, given.step, as_json=given.json)
    facts = RunFacts(cloud, run_id)
    show_it = _show_json if given.json else _show
    view = show_it(read, given.follow, sleep, facts)
    return FAILED if view.state in (RunState.FAILED, RunState.CANCELLED) else 0


def _show(read: ReadOne, follows: bool, sleep: Sleep, facts: RunFacts) -> RunView:
    console, view = console_of(), read()
    for line in _head(view, facts):
        print_line(line)
    watched = follows and not view.ended
    if watched:
        (view,) = watch(lambda: [read()], console, runs=1, sleep=sleep)
        facts = RunFacts(facts.cloud, facts.run_id)  # Its steps have ended since.
    if not console.is_terminal:
        _print_steps(view)
    elif not watched:  # else the last table of the watch stands there
        console.print(tables([view]))
        print_line("")  # A table that may be drawn again has no line end.
    for line in (*facts.item_lines(), *facts.failure_lines(view), *facts.cleanup_lines()):
        print_sentence(line)
    return view


def _print_steps(view: RunView) -> None:
    for line in aligned([_COLUMNS, *(_row(step) for step in view.steps)]):
        print_line(line)


def _show_json(read: ReadOne, follows: bool, sleep: Sleep, facts: RunFacts) -> RunView:
    """Print the run; to follow it, print a line of JSON now and whenever something but the clock changed."""
    if not follows:
        view = read()
        print_json({**asdict(view), **facts.document(view)})
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


def _head(view: RunView, more: RunFacts) -> list[str]:
    ended = f"{moment(view.ended_at)} UTC, {duration(view.seconds)}" if view.ended_at else "not yet"
    facts = [
        ("run", view.run_id),
        *more.input_facts(view),
        ("state", str(view.state)),
        ("began", f"{moment(view.created_at)} UTC"),
        ("ended", ended),
        *more.turn_facts(),
    ]
    failed = next((step.name for step in view.steps if step.failed or step.state == RunState.FAILED), None)
    if failed and view.state is RunState.FAILED:
        facts.append(("why", f"sluice logs {view.run_id} {failed}"))
    facts += more.result_facts(view)
    return [*aligned(facts), ""]


def _row(step: StepView) -> tuple[str, ...]:
    return step.name, step.kind, step.state, child_count(step), duration(step.seconds), remark(step)
