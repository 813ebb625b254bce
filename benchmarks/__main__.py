"""``make bench``: measures every figure, and writes benchmarks/results.json, benchmarks/results.md and the
README's table.

python -m benchmarks [run_calls pipeline_calls exactly_once lost_answers alert graph manifest]
                     [cold_start supervisor edit thousand engine grouping backfill set_burst in_turn]
                     [load harness console_page console_cloud wall]
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks import (
    alert_latency,
    cold_start,
    edit,
    exactly_once,
    graph,
    grouping,
    harness,
    load,
    lost_answers,
    pipeline_calls,
    run_calls,
    supervisor,
)
from benchmarks.console import cloud as console_cloud
from benchmarks.console import page as console_page
from benchmarks.files_there import existing, in_turn, set_burst
from benchmarks.thousand import measuring as thousand

FOLDER = Path(__file__).parent
RESULTS = FOLDER / "results.json"
_COLD_START_ROUNDS = 15
_COMMANDS = {
    "`make synth`": [
        str(Path(sys.executable).parent / "node"),
        "node_modules/aws-cdk/bin/cdk",
        "synth",
        "--quiet",
        "--output",
        "cdk.out",
    ],
    "`make demo`, once everything is set up": [sys.executable, "-m", "cli.main", "demo"],
}


@dataclass(frozen=True, slots=True)
class Bench:
    """How something is measured, and how what was measured is shown."""

    head: str
    measure: Callable[[], Any]
    table: Callable[[Any], str]


def main(names: Sequence[str]) -> None:
    """Measure what is named, or everything, and keep what was measured before of the rest; each is kept as
    soon as it is measured.
    """
    unknown = [name for name in names if name not in BENCHES]
    if unknown:
        sys.exit(f"Expected names of benches, found {', '.join(unknown)}: there are {', '.join(BENCHES)}.")
    results: dict[str, Any] = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    for name in names or BENCHES:
        print(f"── {name}", flush=True)
        results |= {
            name: BENCHES[name].measure(),
            "machine": _machine(),
            "date": datetime.now(UTC).date().isoformat(),
        }
        RESULTS.write_text(json.dumps(results, indent=1, ensure_ascii=False) + "\n")
        print(BENCHES[name].table(results[name]), flush=True)
    (FOLDER / "results.md").write_text(_page(results))
    subprocess.run([sys.executable, "-m", "docs.pages"], check=True)


def _manifest() -> list[dict[str, Any]]:
    return [json.loads(line) for line in _output("manifest").splitlines()]


def _output(name: str) -> str:
    return subprocess.run(
        [sys.executable, "-m", f"benchmarks.{name}"], check=True, stdout=subprocess.PIPE, text=True
    ).stdout


def _wall() -> dict[str, float]:
    return {what: _seconds(command) for what, command in _COMMANDS.items()}


def _seconds(command: list[str]) -> float:
    began = time.monotonic()
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env={**os.environ, "PATH": path})
    return time.monotonic() - began


def _page(results: dict[str, Any]) -> str:
    parts = [
        f"## {bench.head}\n\n`python -m benchmarks {name}`\n\n{bench.table(results[name])}\n"
        for name, bench in BENCHES.items()
        if name in results
    ]
    head = (
        f"# What was measured\n\nWritten by `make bench` on {results['machine']}, on {results['date']}. Not"
        " by hand.\n"
    )
    return "\n".join([head, *parts])


def _wall_table(seconds: dict[str, float]) -> str:
    return "\n".join(
        [
            "| what | seconds |",
            "| --- | ---: |",
            *(f"| {what} | {one:.1f} |" for what, one in seconds.items()),
        ]
    )


def _verbatim(text: str) -> str:
    return f"```\n{text.rstrip()}\n```"


def _manifest_table(rows: list[dict[str, Any]]) -> str:
    names = list(rows[0])
    head = ["| " + " | ".join(names) + " |", "|" + " --- |" * len(names)]
    return "\n".join([*head, *("| " + " | ".join(_cell(row[name]) for name in names) + " |" for row in rows)])


def _cell(value: Any) -> str:
    return (
        ", ".join(f"{key} {count}" for key, count in value.items())
        if isinstance(value, dict)
        else f"{value:,}"
    )


def _machine() -> str:
    return f"{os.cpu_count()} cores ({platform.machine()}, Python {platform.python_version()})"


BENCHES = {
    "run_calls": Bench("AWS API calls of a run", run_calls.measure, run_calls.table),
    "pipeline_calls": Bench(
        "AWS API calls of a run of each pipeline", pipeline_calls.measure, pipeline_calls.table
    ),
    "exactly_once": Bench(
        "What it costs that a step is submitted once", exactly_once.measure, exactly_once.table
    ),
    "lost_answers": Bench("Lost answers of AWS Batch", lost_answers.measure, lost_answers.table),
    "alert": Bench("From a job's failure to the e-mail", alert_latency.measure, alert_latency.table),
    "graph": Bench("Graphs of 1,000 steps", graph.measure, graph.table),
    "manifest": Bench("The manifest", _manifest, _manifest_table),
    "cold_start": Bench("Cold starts", lambda: cold_start.measure(_COLD_START_ROUNDS), cold_start.table),
    "supervisor": Bench("The supervisor of a job", supervisor.measure, supervisor.table),
    "edit": Bench("From a save to the new result", edit.measure, edit.table),
    "thousand": Bench("A thousand children that do nothing", thousand.measure, thousand.table),
    "engine": Bench("The Batch engine of the local cloud", lambda: _output("engine"), _verbatim),
    "grouping": Bench("A burst of files", grouping.measure, grouping.table),
    "backfill": Bench("Objects that exist already", existing.measure, existing.table),
    "set_burst": Bench("A set of files in one burst", set_burst.measure, set_burst.table),
    "in_turn": Bench("Runs one at a time", in_turn.measure, in_turn.table),
    "load": Bench("A thousand runs at once", load.measure, load.table),
    "harness": Bench("The harness of a project's tests", harness.measure, harness.table),
    "console_page": Bench("The console's page", console_page.measure, console_page.table),
    "console_cloud": Bench("The console over a local cloud", console_cloud.measure, console_page.table),
    "wall": Bench("Times that a person waits", _wall, _wall_table),
}


if __name__ == "__main__":
    main(sys.argv[1:])
