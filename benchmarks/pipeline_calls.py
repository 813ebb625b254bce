"""AWS API calls of one run of each pipeline that comes with Sluice, counted at the local cloud's endpoint,
with IAM enforced.

The real app is deployed, and each pipeline runs once on a small input. A pipeline that is new here and starts
with an upload needs a file in ``FILES``; without one this program says so.

    python -m benchmarks.pipeline_calls
"""

from __future__ import annotations

import os
import tempfile
import time
import uuid
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path
from typing import Any
from unittest.mock import patch

from benchmarks.run_calls import Calls, all_told, calls_since_reset, free_port
from cli.aws import client_of, outputs
from cli.commands.demo import files
from local.deployment.deploy import deploy
from local.paths import REPOSITORY, LocalCloudPaths
from local.server import process
from local.server.process import control
from sluice.ledger.ledger import Ledger
from sluice.operate.runs.listing import list_runs
from sluice.operate.runs.reader import RunReader
from sluice.operate.start.requests import request_run
from sluice.pipeline.definition import Manual, Pipeline, S3Upload
from sluice.pipeline.loading import load_pipelines
from sluice.run.state import Run, RunState

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
}


def measure() -> list[dict[str, Any]]:
    """Return for each pipeline its steps, its jobs and children, and the calls of its run."""
    with tempfile.TemporaryDirectory() as folder:
        place = LocalCloudPaths(free_port(), Path(folder) / "cloud")
        process.start(place)
        try:
            with patch.dict(os.environ, SLUICE_NAT="true"):  # or the pipelines that need it are left out
                deploy(place, lambda _: None)
            return [_measured(place, pipeline) for pipeline in load_pipelines(REPOSITORY)]
        finally:
            process.stop(place)


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
        client_of(place, "dynamodb"), table, pipeline=str(pipeline.name), state=None, limit=1000
    )
    return [run.run_id for run in listing.runs]


def _start(place: LocalCloudPaths, pipeline: Pipeline, inbox: str) -> None:
    """Ask for a run, or upload the files that start one."""
    if any(isinstance(trigger, Manual) for trigger in pipeline.triggers):
        request_run(client_of(place, "events"), pipeline, str(uuid.uuid4()), None)
        return
    (upload,) = (trigger for trigger in pipeline.triggers if isinstance(trigger, S3Upload))
    if pipeline.name not in FILES:
        raise LookupError(
            f"Expected a small file for {pipeline.name} in FILES of {__file__}, found none. Add one."
        )
    s3 = client_of(place, "s3")

    def put(number: int, body: bytes) -> None:
        s3.put_object(Bucket=inbox, Key=f"{upload.prefix}{number}{upload.suffix}", Body=body)

    with ThreadPoolExecutor(8) as pool:  # together, as a burst is
        list(pool.map(put, count(), FILES[pipeline.name]()))


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
