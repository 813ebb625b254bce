"""Files dropped at once, with grouping and without: one run, or a run for each, all submitted and none lost.

The app is deployed to a local cloud, with IAM enforced and at most 50 SubmitJob a second (the engine's
throttle, as AWS's). With grouping the calls of the group Lambda are counted; without, the jobs
that Batch took and the
calls that it refused. Jobs are started two at a time, so that it is submitting that is measured: the runs
without grouping are not waited for once everything is submitted.

    python -m benchmarks.grouping [--files 10000]
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.run_calls import copied_app, free_port
from cli.aws import client_of, outputs
from cli.project import EXAMPLES
from local.deployment.deploy import deploy
from local.paths import LocalCloudPaths
from local.server import process
from local.server.process import control
from sluice.ledger import records as ledger_items
from sluice.ledger.ledger import Ledger
from sluice.run.state import RunState

FILES = 10_000
SUBMITS_A_SECOND = 50
_SECONDS_A_FILE = 0.5
_MACHINES = {"SLUICE_MAX_VCPUS_SPOT": "1", "SLUICE_MAX_VCPUS_ON_DEMAND": "1"}
_SINGLE = """from sluice import Job, Pipeline, S3Upload

pipeline = Pipeline(
    name="single-files",
    triggers=[S3Upload(prefix="single-files/")],
    steps=[Job("one", image="public.ecr.aws/docker/library/busybox:1.37", command=["true"], memory=64)],
)
"""


def measure(files: int = FILES) -> dict[str, Any]:
    """Return what happened to a burst of so many files with grouping and without."""
    with _deployed(files) as place:
        control(place, "PUT", "faults", {"submits_a_second": SUBMITS_A_SECOND})
        return {"files": files, "grouped": _grouped(place, files), "single": _single(place, files)}


@contextmanager
def _deployed(files: int) -> Iterator[LocalCloudPaths]:
    with tempfile.TemporaryDirectory() as folder:
        app = copied_app(Path(folder) / "app")
        shipped = (EXAMPLES / "pipelines" / "small_files.py").read_text()
        burst = shipped.replace('"10s"', '"15m"').replace("group_of=10_000", f"group_of={files}")
        (app / "pipelines" / "small_files.py").write_text(
            burst.replace("items_per_child=25", f"items_per_child={-(-files // 10)}")
        )
        shutil.copytree(EXAMPLES / "containers" / "small_files", app / "containers" / "small_files")
        (app / "pipelines" / "single_files.py").write_text(_SINGLE)
        place = LocalCloudPaths(free_port(), Path(folder) / "cloud")
        with _environment(_MACHINES):
            process.start(place)
            try:
                deploy(place, lambda _: None, app)
                yield place
            finally:
                process.stop(place)


@contextmanager
def _environment(values: dict[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name, None) if value is None else os.environ.update({name: value})


def _grouped(place: LocalCloudPaths, files: int) -> dict[str, Any]:
    control(place, "DELETE", "calls")
    began = time.monotonic()
    uploaded = _upload(place, "small-files", files)
    (run_id,) = _wait(files, lambda: _runs(place, "small-files"))
    asked = time.monotonic() - began
    calls = Counter(
        {
            call["operation"]: call["count"]
            for call in control(place, "GET", "calls")
            if "GroupingGroup" in call["principal"]
        }
    )
    ledger = Ledger(client_of(place, "dynamodb"), outputs(client_of(place, "cloudformation"))["LedgerTable"])
    _wait(files, lambda: (run := ledger.load(run_id)) is not None and run.state is not RunState.RUNNING)
    run = ledger.load(run_id)
    if run is None or run.state is not RunState.SUCCEEDED or run.steps["files"].items != files:
        raise RuntimeError(f"Expected one run of {files} items to succeed, found {run}.")
    return {
        "runs": 1,
        "items": files,
        "calls": dict(calls),
        "upload_seconds": round(uploaded, 1),
        "run_after": round(asked, 1),
    }


def _single(place: LocalCloudPaths, files: int) -> dict[str, Any]:
    control(place, "DELETE", "calls")
    began = time.monotonic()
    uploaded = _upload(place, "single-files", files)
    submitted = _wait(files, lambda: jobs if len(jobs := _submitted(place)) >= 2 * files else None)
    seconds = time.monotonic() - began
    runs = _runs(place, "single-files")
    if len(runs) != files or len(submitted) != 2 * files:
        raise RuntimeError(
            f"Expected {files} runs with two jobs each, found {len(runs)} runs with {len(submitted)} jobs."
        )
    return {
        "runs": len(runs),
        "submissions": len(submitted),
        "refused": _submit_calls(place) - len(submitted),
        "upload_seconds": round(uploaded, 1),
        "seconds": round(seconds, 1),
    }


def _upload(place: LocalCloudPaths, prefix: str, files: int) -> float:
    """Upload a burst of files of five words, and return the seconds that it took."""
    s3, bucket, began = (
        client_of(place, "s3"),
        outputs(client_of(place, "cloudformation"))["InboxBucket"],
        time.monotonic(),
    )
    with ThreadPoolExecutor(8) as pool:
        list(
            pool.map(
                lambda n: s3.put_object(
                    Bucket=bucket, Key=f"{prefix}/{n:05d}.txt", Body=b"one two three four five"
                ),
                range(files),
            )
        )
    return time.monotonic() - began


def _runs(place: LocalCloudPaths, pipeline: str) -> list[str]:
    """Return the ids of a pipeline's runs."""
    table = outputs(client_of(place, "cloudformation"))["LedgerTable"]
    values = ledger_items.values(run=ledger_items.RUN, pipeline=pipeline)
    pages = (
        client_of(place, "dynamodb")
        .get_paginator("scan")
        .paginate(
            TableName=table,
            FilterExpression="sk = :run AND pipeline = :pipeline",
            ExpressionAttributeValues=values,
            ProjectionExpression="pk",
        )
    )
    return [item["pk"]["S"].removeprefix(ledger_items.RUN_PREFIX) for page in pages for item in page["Items"]]


def _submit_calls(place: LocalCloudPaths) -> int:
    """Return how often SubmitJob was called, with the calls that the throttle refused."""
    calls = control(place, "GET", "calls")
    return sum(call["count"] for call in calls if call["operation"] == "SubmitJob")


def _submitted(place: LocalCloudPaths) -> list[str]:
    """Return the ids of the jobs of the pipeline without grouping, each once: while jobs are added, a later
    page may begin with some that the page before had.
    """
    queue = outputs(client_of(place, "cloudformation"))["NormalQueue"]
    pages = (
        client_of(place, "batch")
        .get_paginator("list_jobs")
        .paginate(jobQueue=queue, filters=[{"name": "JOB_NAME", "values": ["single-files-*"]}])
    )
    return list({job["jobId"] for page in pages for job in page["jobSummaryList"]})


def _wait(files: int, look: Callable[[], Any]) -> Any:
    deadline = time.monotonic() + 120 + _SECONDS_A_FILE * files
    while time.monotonic() < deadline:
        if found := look():
            return found
        time.sleep(2)
    raise RuntimeError(
        f"Expected a burst of {files} files to be dealt with within {120 + _SECONDS_A_FILE * files:.0f} s."
    )


def table(found: dict[str, Any]) -> str:
    """Return what was measured as a table."""
    grouped, single = found["grouped"], found["single"]
    calls = ", ".join(f"{name} {count}" for name, count in sorted(grouped["calls"].items()))
    rows = [
        ("with grouping: runs", f"{grouped['runs']} of {grouped['items']:,} items"),
        ("AWS calls of the group Lambda", f"{sum(grouped['calls'].values()):,} ({calls})"),
        (
            "seconds to upload, and from the first upload to the run",
            f"{grouped['upload_seconds']}, {grouped['run_after']}",
        ),
        ("without: runs", f"{single['runs']:,}"),
        (
            f"jobs submitted; SubmitJob calls refused, of more than {SUBMITS_A_SECOND} a second",
            f"{single['submissions']:,}; {single['refused']:,}",
        ),
        (
            "seconds to upload, and from the first upload to the last submission",
            f"{single['upload_seconds']}, {single['seconds']}",
        ),
    ]
    return "\n".join(
        [
            f"| {found['files']:,} files at once | |",
            "| --- | --- |",
            *(f"| {what} | {value} |" for what, value in rows),
        ]
    )


def main(words: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="A burst of files, with grouping and without.")
    parser.add_argument("--files", type=int, default=FILES)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args(words)
    measured = measure(given.files)
    print(json.dumps(measured) if given.json else table(measured))


if __name__ == "__main__":
    main()
