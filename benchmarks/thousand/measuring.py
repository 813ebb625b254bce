"""Runs the thousand on the local cloud, on redun and on a bare pool, one after the other."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from benchmarks.others import python_with
from benchmarks.run_calls import calls_since_reset, copied_app, ended, free_port
from cli.aws import client_of, outputs
from local.deployment.deploy import deploy
from local.paths import LocalCloudPaths
from local.server import process
from local.server.process import control
from sluice.run.state import RunState

CHILDREN = 1_000
OURS, REDUN, POOL = "Sluice's local cloud", "redun's pool of processes", "a bare pool of Python processes"
_FOLDER = Path(__file__).parent
_NAME = "nothing"
_POLL_SECONDS = 0.5
"""To look more often costs the cloud a tenth of its time."""


def measure(children: int = CHILDREN) -> dict[str, Any]:
    """Return the seconds of each, and the calls of a child at the emulator's endpoint."""
    workers = os.cpu_count() or 1
    seconds: dict[str, float | None] = {POOL: _seconds(lambda: _pool(children, workers))}
    python = python_with("redun")
    seconds[REDUN] = _seconds(lambda: _redun(python, children, workers)) if python is not None else None
    with tempfile.TemporaryDirectory() as folder:
        app = app_of_nothing(Path(folder) / "app")
        place = LocalCloudPaths(free_port(), Path(folder) / "cloud")
        process.start(place)
        try:
            deploy(place, lambda _: None, app)
            run(place, 1)  # warms the Lambdas' processes
            few = run(place, 2)[1]
            seconds[OURS], calls = run(place, children)
        finally:
            process.stop(place)
    return {
        "children": children,
        "workers": workers,
        "seconds": seconds,
        "calls of a child": _of_a_child(few, calls, children),
    }


def run(place: LocalCloudPaths, children: int) -> tuple[float, Mapping[tuple[str, str], int]]:
    """Return the seconds and the calls of a run with so many children, from the upload to its end."""
    found = outputs(client_of(place, "cloudformation"))
    key = f"{_NAME}/{children}-{time.monotonic_ns()}.txt"
    control(place, "DELETE", "calls")
    began = time.monotonic()
    client_of(place, "s3").put_object(Bucket=found["InboxBucket"], Key=key, Body=str(children).encode())
    view = ended(place, found["LedgerTable"], key, _POLL_SECONDS)
    if view.state is not RunState.SUCCEEDED:
        raise RuntimeError(f"Expected the run of {key} to succeed, found {view}.")
    return time.monotonic() - began, calls_since_reset(place)


def table(measured: Mapping[str, Any]) -> str:
    """Return what was measured as Markdown."""
    least = measured["seconds"][POOL]
    rows = [
        f"| {name} | {seconds:.1f} | {seconds / least:.1f} |" if seconds else f"| {name} | not here | |"
        for name, seconds in measured["seconds"].items()
    ]
    calls = ", ".join(f"`{name}` {count:g}" for name, count in measured["calls of a child"].items())
    head = f"| {measured['children']:,} items of nothing, {measured['workers']} cores | seconds | bare = 1 |"
    return "\n".join([head, "| --- | ---: | ---: |", *rows, "", f"Calls of a child: {calls}."])


def _of_a_child(
    few: Mapping[tuple[str, str], int], many: Mapping[tuple[str, str], int], children: int
) -> dict[str, float]:
    """Return what each child more has added to the calls of all jobs."""
    added = {name: many[who, name] - few.get((who, name), 0) for who, name in many if who == "jobs"}
    each = {name: round(count / (children - 2), 2) for name, count in sorted(added.items())}
    return {name: count for name, count in each.items() if count}


def _seconds(act: Callable[[], object]) -> float:
    began = time.monotonic()
    act()
    return time.monotonic() - began


def _pool(children: int, workers: int) -> None:
    with ThreadPoolExecutor(workers) as pool:
        list(pool.map(lambda _: subprocess.run([sys.executable, "-c", "pass"], check=True), range(children)))


def _redun(python: Path, children: int, workers: int) -> None:
    command = [str(python), str(_FOLDER / "redun_workflow.py.txt"), str(children), str(workers)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def app_of_nothing(folder: Path) -> Path:
    """Return a folder with this app, whose one pipeline does nothing."""
    copied_app(folder)
    shutil.copy(_FOLDER / "pipeline.py.txt", folder / "pipelines" / f"{_NAME}.py")
    package = folder / "containers" / _NAME
    package.mkdir()
    (package / "__init__.py").write_text("")
    shutil.copy(_FOLDER / "steps.py.txt", package / "steps.py")
    return folder
