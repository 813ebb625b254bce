"""`sluice demo`: the whole system on this machine. Real files in, live progress, checked results, and an
alert for a broken file.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path

from rich.console import Console
from rich.text import Text

from cli.aws import client_of, outputs
from cli.commands.demo import alerts, flight_results, next_steps, word_results
from cli.commands.demo.clock import Clock
from cli.commands.demo.files import BROKEN_KEY, FLIGHTS_KEY, TEXT_KEY, File, files
from cli.commands.demo.picture import picture
from cli.commands.demo.session import deployed
from cli.commands.demo.telling import begin, fold
from cli.commands.demo.uploads import runs_by_key, upload
from cli.console import console_of
from cli.options import Commands, port
from cli.watch import watch
from local.paths import LocalCloudPaths
from sluice import keys
from sluice.ledger.ledger import Ledger
from sluice.operate.runs.reader import RunReader
from sluice.operate.runs.results import list_results, read_result
from sluice.operate.runs.view import RunView
from sluice.receipts.location import Location
from sluice.run.state import RunState
from sluice.visible import visible

SECONDS = 240.0
_SECONDS_BETWEEN_READS = 0.25
_EXPECTED = {FLIGHTS_KEY: RunState.SUCCEEDED, TEXT_KEY: RunState.SUCCEEDED, BROKEN_KEY: RunState.FAILED}


def add_to(commands: Commands) -> None:
    """Add the command to the parser's commands."""
    parser = commands.add_parser(
        "demo", help="the whole system on this machine, with real files and checked results"
    )
    parser.add_argument("--keep", action="store_true", help="leave the cloud running, to try more")
    parser.add_argument(
        "--port", type=port, help="the port of the cloud; default: 4566, or another one when that is taken"
    )
    parser.add_argument(
        "--picture",
        metavar="DIR",
        type=Path,
        help="also write what stands on the screen as demo.svg there, and a plot that an example published",
    )
    parser.set_defaults(run=_run)


def _run(given: argparse.Namespace) -> int:
    if given.picture is not None:
        return picture(given.picture, lambda console, done: demo(console, given.port, done=done))
    return demo(console_of(), given.port, keeps=given.keep)


def demo(
    console: Console,
    port: int | None = None,
    *,
    keeps: bool = False,
    done: Callable[[LocalCloudPaths], None] = lambda place: None,
) -> int:
    """Run the demo and return the exit code: 0 when every result equals the independent computation.

    ``done`` is given the cloud when all is shown, before it ends.
    """
    clock, wrong = Clock(), list[str]()
    begin(console, "Cloud")
    try:
        with deployed(
            lambda line: console.print(line, highlight=False, markup=False), clock, port, keeps=keeps
        ) as place:
            wrong = _Demo(place, console, clock).run()
            done(place)
    except TimeoutError as error:
        wrong = [str(error)]
    else:
        next_steps.show(console, place, keeps=keeps)
    for sentence in wrong:
        console.print(f"WRONG: {sentence}", style="bold red", soft_wrap=True, markup=False)
    console.print(f"\n{clock}", highlight=False)
    return 1 if wrong else 0


class _Demo:
    """One demo over a deployed cloud."""

    def __init__(self, place: LocalCloudPaths, console: Console, clock: Clock) -> None:
        self._place, self._console, self._clock = place, console, clock
        self._outputs = outputs(client_of(place, "cloudformation"))
        self._s3, self._dynamodb = client_of(place, "s3"), client_of(place, "dynamodb")

    def run(self) -> list[str]:
        """Upload, watch, compare; return a sentence for each thing that is not as it must be."""
        given = {file.key: file for file in files()}
        with self._clock.stage("upload"):
            self._upload(list(given.values()))
        with self._clock.stage("work"):
            views = self._watch(list(given))
        wrong = [
            f"Expected {visible(view.input)} to end {_EXPECTED[view.input]}, found {view.state}."
            for view in views
            if view.state != _EXPECTED[view.input]
        ]
        runs = {view.input: view for view in views}
        with self._clock.stage("check"):
            wrong = wrong or self._results(runs, given)
            wrong += alerts.show(self._place, self._console, runs[BROKEN_KEY])
        return wrong

    def _upload(self, given: Sequence[File]) -> None:
        begin(self._console, "Upload")
        bucket = self._outputs["InboxBucket"]
        for file in given:
            fold(self._console, Text.assemble((f"s3://{bucket}/{file.key}", "green")))
            fold(self._console, Text(f"{len(file.content):,} bytes: {file.what}"), indent=2)
        upload(self._s3, bucket, given)

    def _watch(self, keys: list[str]) -> Sequence[RunView]:
        begin(self._console, "Runs")
        table = self._outputs["LedgerTable"]
        reader = RunReader(Ledger(self._dynamodb, table), client_of(self._place, "batch"))
        known: dict[str, str] = {}

        def read() -> list[RunView]:
            if len(known) < len(keys):
                known.update(runs_by_key(self._dynamodb, table))
            return reader.read([known[key] for key in keys if key in known])

        return watch(read, self._console, runs=len(keys), seconds=SECONDS, interval=_SECONDS_BETWEEN_READS)

    def _results(self, runs: dict[str, RunView], given: dict[str, File]) -> list[str]:
        return [
            *flight_results.show(
                self._console, self._published(runs[FLIGHTS_KEY]), given[FLIGHTS_KEY].content
            ),
            *word_results.show(self._console, self._published(runs[TEXT_KEY]), given[TEXT_KEY].content),
        ]

    def _published(self, view: RunView) -> dict[str, bytes]:
        """Return the files that a run published, by name."""
        bucket = self._outputs["ResultsBucket"]
        files = list_results(self._s3, Location(bucket, keys.result(view.pipeline, view.run_id, "")))
        return {file.name: read_result(self._s3, bucket, file) for file in files}
