"""`sluice demo`: the whole system on this machine. Real files in, live progress, checked results, and an
alert for a broken file.
"""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console

from cli.aws import client_of, outputs
from cli.commands.demo import alerts, flight_results, word_results
from cli.commands.demo.clock import Clock
from cli.commands.demo.files import BROKEN_KEY, FLIGHTS_KEY, TEXT_KEY, File, files
from cli.commands.demo.session import deployed
from cli.commands.demo.uploads import runs_by_key, upload
from cli.console import console_of
from cli.options import Commands
from cli.watch import watch
from local.paths import LocalCloudPaths
from sluice.ledger.ledger import Ledger
from sluice.operate.runs.reader import RunReader
from sluice.operate.runs.results import list_results, read_result
from sluice.operate.runs.view import RunView
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
    parser.set_defaults(run=lambda _: demo(console_of()))


def demo(console: Console) -> int:
    """Run the demo and return the exit code: 0 when every result equals the independent computation."""
    clock, wrong = Clock(), list[str]()
    try:
        with deployed(lambda line: console.print(line, highlight=False, markup=False), clock) as place:
            wrong = _Demo(place, console, clock).run()
    except TimeoutError as error:
        wrong = [str(error)]
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
        self._console.rule("Upload", align="left")
        bucket = self._outputs["InboxBucket"]
        for file in given:
            line = f"s3://{bucket}/{file.key}  {len(file.content):,} bytes: {file.what}"
            self._console.print(line, soft_wrap=True, highlight=False)
        upload(self._s3, bucket, given)

    def _watch(self, keys: list[str]) -> Sequence[RunView]:
        self._console.rule("Runs", align="left")
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
        files = list_results(self._s3, bucket, view.pipeline, view.run_id)
        return {file.name: read_result(self._s3, bucket, file) for file in files}
