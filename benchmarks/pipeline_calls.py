"""AWS API calls of one run of each pipeline that comes with Sluice, counted at the local cloud's endpoint,
with IAM enforced.

The real app is deployed, and each pipeline runs once on a small input, but for those that begin after runs
of others: these would begin in the middle of the others' calls, and are not deployed. A pipeline that is new
here and starts with an upload needs files in ``FILES``; without them this program says so.

    python -m benchmarks.pipeline_calls
"""

from __future__ import annotations

import os
import shutil
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path
from typing import Any
from unittest.mock import patch

from benchmarks.run_calls import Calls, all_told, calls_since_reset, free_port
from cli.aws import client_of, outputs
from cli.commands.demo import files
from cli.project import EXAMPLES
from local.deployment.deploy import deploy
from local.paths import LocalCloudPaths
from local.server import process
from local.server.process import control
from sluice.ledger.ledger import Ledger
from sluice.operate.listing.listing import RunFilter, list_runs
from sluice.operate.runs.reader import RunReader
from sluice.operate.start.requests import request_run
from sluice.pipeline.definition import AfterRun, FileSet, Manual, Pipeline, S3Upload
from sluice.pipeline.loading import load_pipelines
from sluice.run.state import Run, RunState
from sluice.triggers.file_patterns import parse_pattern

_SECONDS = 300.0
_LAMBDAS = ("Trigger", "FanOut", "Track", "Alert", "Group")
_RATINGS = b"user,item,rating\n" + b"".join(
    b"u%d,i%d,%d\n" % (user, item, (user + item) % 5 + 1) for user in range(40) for item in range(8)
)
FILES: dict[str, Callable[[], Sequence[bytes]]] = {
    "word-count": lambda: [files.text()[:60_000]],
    "flight-delays": lambda: [b"".join(files.flights().splitlines(keepends=True)[:20_001])],
    "item-to-item": lambda: [_RATINGS],
    "small-files": lambda: [b"one of many\n"] * 50,
    "month-of-flights": lambda: [b"".join(files.flights().splitlines(keepends=True)[:2_001])] * 2,
    "weather": lambda: [b"".join(files.weather().splitlines(keepends=True)[:2_001])],
    "weather-of-a-day": lambda: [b"".join(files.weather().splitlines(keepends=True)[:25])],
}
_sets = count(1)


def measure() -> list[dict[str, Any]]:
    """Return for each pipeline its steps, its jobs and children, and the calls of its run."""
    with tempfile.TemporaryDirectory() as folder:
        place = LocalCloudPaths(free_port(), Path(folder) / "cloud")
        process.start(place)
        try:
            project = _without_chains(Path(folder) / "examples")
            with patch.dict(os.environ, SLUICE_NAT="true"):  # or the pipelines that need it are left out
                deploy(place, lambda _: None, project)
            return [_measured(place, pipeline) for pipeline in load_pipelines(project)]
        finally:
            process.stop(place)


def _without_chains(folder: Path) -> Path:
    """Return a copy of the examples without the pipelines that begin after runs of others."""
    shutil.copytree(EXAMPLES, folder, ignore=shutil.ignore_patterns("__pycache__"))
    for pipeline in load_pipelines(EXAMPLES):
        if all(isinstance(trigger, AfterRun) for trigger in pipeline.triggers):
            (folder / "pipelines" / f"{str(pipeline.name).replace('-', '_')}.py").unlink()
    return folder


def _measured(place: LocalCloudPaths, pipeline: Pipeline) -> dict[str, Any]:
    _run(place, pipeline)  # warms the Lambdas, which read a pipeline's definition once and keep it
    control(place, "DELETE", "calls")
    run, seconds = _run(place, pipeline)
    calls: Calls = calls_since_reset(place)
    by_lambdas = sum(calls[one] for one in calls if one[0] in _LAMBDAS)
    return {
        "pipeline": str(pipeline.name),
        "steps": len(run.steps),
        "jobs": sum(record.children for record in run.steps.values() if record.job_id),
        "submit_jobs": sum(calls[one] for one in calls if one[1].endswith(":SubmitJob")),
        "lambdas": by_lambdas,
        "by_jobs": calls.total() - by_lambdas,
        "seconds": round(seconds, 1),
    }


def _run(place: LocalCloudPaths, pipeline: Pipeline) -> tuple[Run, float]:
    """Run a pipeline once and return the run when nothing more of it happens."""
    found = outputs(client_of(place, "cloudformation"))
    ledger = Ledger(client_of(place, "dynamodb"), found["LedgerTable"])
    before = set(_known(place, found["LedgerTable"], pipeline))
    _start(place, pipeline, found["InboxBucket"])
    runs, deadline = RunReader(ledger, client_of(place, "batch")), time.monotonic() + _SECONDS
    while time.monotonic() < deadline:
        views = runs.read(set(_known(place, found["LedgerTable"], pipeline)) - before)
        if views and all(view.ended for view in views) and all_told(place):
            (run_id,) = (view.run_id for view in views)
            run = ledger.load(run_id)
            if run is None or run.state is not RunState.SUCCEEDED:
                raise RuntimeError(f"Expected the run of {pipeline.name} to succeed, found {views[0]}.")
            return run, views[0].seconds
        time.sleep(0.2)
    raise RuntimeError(f"Expected a run of {pipeline.name} to end within {_SECONDS:.0f} s.")


def _known(place: LocalCloudPaths, table: str, pipeline: Pipeline) -> list[str]:
    listing = list_runs(
        client_of(place, "dynamodb"), table, asked=RunFilter(pipeline=str(pipeline.name)), limit=1000
    )
    return [run.run_id for run in listing.runs]


def _start(place: LocalCloudPaths, pipeline: Pipeline, inbox: str) -> None:
    """Ask for a run, or upload the files that start one."""
    if any(isinstance(trigger, Manual) for trigger in pipeline.triggers):
        request_run(client_of(place, "events"), pipeline, str(uuid.uuid4()), None)
        return
    if pipeline.name not in FILES:
        raise LookupError(
            f"Expected a small file for {pipeline.name} in FILES of {__file__}, found none. Add one."
        )
    (trigger,) = (one for one in pipeline.triggers if isinstance(one, S3Upload | FileSet))
    bodies, s3 = FILES[pipeline.name](), client_of(place, "s3")
    keys = _set_keys(trigger) if isinstance(trigger, FileSet) else _keys(trigger)

    def put(key: str, body: bytes) -> None:
        s3.put_object(Bucket=inbox, Key=key, Body=body)

    with ThreadPoolExecutor(8) as pool:  # together, as a burst is
        put_keys = [key for key, _ in zip(keys, bodies, strict=False)]
        list(pool.map(put, put_keys, bodies))
    if isinstance(trigger, FileSet) and trigger.marker:
        put(f"{put_keys[0].rpartition('/')[0]}/{trigger.marker}", b"")


def _keys(trigger: S3Upload) -> Iterator[str]:
    return (f"{trigger.prefix}{number}{trigger.suffix}" for number in count())


def _set_keys(trigger: FileSet) -> Iterator[str]:
    """Yield the keys of a set that no call before has named."""
    pattern = parse_pattern(trigger.pattern)
    *names, counted = pattern.names
    new = dict.fromkeys(names, f"set-{next(_sets)}")
    return (pattern.fill({**new, counted: f"{number:02}"}) for number in count(1))


def table(rows: Sequence[dict[str, Any]]) -> str:
    """Return the figures as Markdown."""
    heads = {
        "pipeline": "pipeline",
        "steps": "steps, with those that Sluice adds",
        "jobs": "jobs and children",
        "submit_jobs": "SubmitJob calls",
        "lambdas": "calls by Lambdas, those included",
        "by_jobs": "calls by jobs",
    }
    lines = ["| " + " | ".join(heads.values()) + " |", "| --- |" + " ---: |" * (len(heads) - 1)]
    return "\n".join([*lines, *("| " + " | ".join(f"{row[name]}" for name in heads) + " |" for row in rows)])


if __name__ == "__main__":
    print(table(measure()))
