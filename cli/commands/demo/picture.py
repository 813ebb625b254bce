"""Makes the pictures of the README from a real run of the demo: its screen, and a plot that an example
published.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

from rich.terminal_theme import MONOKAI

from cli.aws import client_of, outputs
from cli.commands.demo.telling import Recorder
from cli.project import EXAMPLES
from local.errors import LocalCloudError
from local.paths import LocalCloudPaths
from sluice import keys
from sluice.ledger.ledger import Ledger
from sluice.operate.pipelines import find_pipeline
from sluice.operate.runs.reader import RunReader
from sluice.operate.runs.results import list_results, read_result
from sluice.operate.start.requests import request_run
from sluice.receipts.location import Location

SCREEN, PLOT = "demo.svg", "pi.svg"
_WIDTH = 96
_SECONDS, _POLL_SECONDS = 240.0, 0.2
_PIPELINE, _THROWS = "monte-carlo", 100
Done = Callable[[LocalCloudPaths], None]


def picture(folder: Path, play: Callable[[Recorder, Done], int]) -> int:
    """Play the demo on a console that records it, write the pictures, and return the demo's exit code."""
    folder.mkdir(parents=True, exist_ok=True)
    console = Recorder(record=True, force_terminal=True, width=_WIDTH, color_system="truecolor")

    def done(place: LocalCloudPaths) -> None:
        (folder / PLOT).write_bytes(_plot(place))

    code = play(console, done)
    console.record = True  # whatever the last part was
    svg = console.export_svg(title="make demo", theme=MONOKAI, unique_id="sluice-demo")
    (folder / SCREEN).write_text("\n".join(line.rstrip() for line in svg.splitlines()) + "\n")
    return code


def _plot(place: LocalCloudPaths) -> bytes:
    """Run the example that publishes a plot, and return the plot."""
    names = outputs(client_of(place, "cloudformation"))
    events, s3 = client_of(place, "events"), client_of(place, "s3")
    pipeline = find_pipeline(_PIPELINE, EXAMPLES)
    run_id = request_run(events, pipeline, f"picture-{os.getpid()}", {"throws": _THROWS})
    reader = RunReader(Ledger(client_of(place, "dynamodb"), names["LedgerTable"]), client_of(place, "batch"))
    deadline = time.monotonic() + _SECONDS
    while not any(view.ended for view in reader.read([run_id])):
        if time.monotonic() > deadline:
            raise LocalCloudError(f"Expected {run_id} to end within {_SECONDS:.0f} s, found it running.")
        time.sleep(_POLL_SECONDS)
    bucket = names["ResultsBucket"]
    for file in list_results(s3, Location(bucket, keys.result(_PIPELINE, run_id, ""))):
        if file.name == PLOT:
            return read_result(s3, bucket, file)
    raise LocalCloudError(f"Expected {PLOT} among the results of {run_id}, found none.")
