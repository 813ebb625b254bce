"""``make bench``: measures every figure, and writes benchmarks/results.json, benchmarks/results.md and the README's table.

python -m benchmarks [run_calls pipeline_calls exactly_once alert graph manifest cold_start engine grouping load wall]
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks import alert_latency, cold_start, exactly_once, graph, grouping, load, pipeline_calls, run_calls

FOLDER = Path(__file__).parent
RESULTS = FOLDER / "results.json"
_COLD_START_ROUNDS = 15
_COMMANDS = {
    "`make synth`": [str(Path(sys.executable).parent / "node"), "node_modules/aws-cdk/bin/cdk", "synth", "--quiet", "--output", "cdk.out"],
    "`make demo`, once everything is set up": [sys.executable, "-m", "cli.main", "demo"],
}


def main(names: Sequence[str]) -> None:
    """Measure what is named, or everything, and keep what was measured before of the rest."""
    results: dict[str, Any] = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    for name in names or MEASURES:
        print(f"── {name}", flush=True)
        results[name] = MEASURES[name]()
        print(_shown(name, results[name]), flush=True)
    results |= {"machine": _machine(), "date": datetime.now(UTC).date().isoformat()}
    RESULTS.write_text(json.dumps(results, indent=1, ensure_ascii=False) + "\n")
    (FOLDER / "results.md").write_text(_page(results))
    subprocess.run([sys.executable, "-m", "docs.pages"], check=True)


def _manifest() -> list[dict[str, Any]]:
    return [json.loads(line) for line in _output("manifest").splitlines()]


def _output(name: str) -> str:
    return subprocess.run([sys.executable, "-m", f"benchmarks.{name}"], check=True, stdout=subprocess.PIPE, text=True).stdout


def _wall() -> dict[str, float]:
    return {what: _seconds(command) for what, command in _COMMANDS.items()}


def _seconds(command: list[str]) -> float:
    began = time.monotonic()
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env={**os.environ, "PATH": path})
    return time.monotonic() - began


MEASURES: dict[str, Callable[[], Any]] = {
    "run_calls": run_calls.measure,
    "pipeline_calls": pipeline_calls.measure,
    "exactly_once": exactly_once.measure,
    "alert": alert_latency.measure,
    "graph": graph.measure,
    "manifest": _manifest,
    "cold_start": lambda: cold_start.measure(_COLD_START_ROUNDS),
    "engine": lambda: _output("engine"),
    "grouping": grouping.measure,
    "load": load.measure,
    "wall": _wall,
}
_TABLES: dict[str, Callable[[Any], str]] = {
    "run_calls": run_calls.table,
    "pipeline_calls": pipeline_calls.table,
    "exactly_once": exactly_once.table,
    "alert": alert_latency.table,
    "cold_start": cold_start.table,
    "grouping": grouping.table,
    "load": load.table,
}
_HEADS = {
    "run_calls": "AWS API calls of a run",
    "pipeline_calls": "AWS API calls of a run of each pipeline",
    "exactly_once": "What it costs that a step is submitted once",
    "alert": "From a job's failure to the e-mail",
    "graph": "Graphs of 1,000 steps",
    "manifest": "The manifest",
    "cold_start": "Cold starts",
    "engine": "The Batch engine of the local cloud",
    "grouping": "A burst of files",
    "load": "A thousand runs at once",
    "wall": "Times that a person waits",
}


def _page(results: dict[str, Any]) -> str:
    parts = [
        f"## {_HEADS[name]}\n\n`python -m benchmarks {name}`\n\n{_shown(name, results[name])}\n" for name in MEASURES if name in results
    ]
    head = f"# What was measured\n\nWritten by `make bench` on {results['machine']}, on {results['date']}. Not by hand.\n"
    return "\n".join([head, *parts])


def _shown(name: str, measured: Any) -> str:
    if name in _TABLES:
        return _TABLES[name](measured)
    if name == "manifest":
        return "\n".join(_manifest_table(measured))
    if name == "wall":
        return "\n".join(["| what | seconds |", "| --- | ---: |", *(f"| {what} | {seconds:.1f} |" for what, seconds in measured.items())])
    return f"```\n{measured.rstrip()}\n```"


def _manifest_table(rows: list[dict[str, Any]]) -> list[str]:
    names = list(rows[0])
    head = ["| " + " | ".join(names) + " |", "|" + " --- |" * len(names)]
    return [*head, *("| " + " | ".join(_cell(row[name]) for name in names) + " |" for row in rows)]


def _cell(value: Any) -> str:
    return ", ".join(f"{key} {count}" for key, count in value.items()) if isinstance(value, dict) else f"{value:,}"


def _machine() -> str:
    return f"{os.cpu_count()} cores ({platform.machine()}, Python {platform.python_version()})"


if __name__ == "__main__":
    main(sys.argv[1:])
