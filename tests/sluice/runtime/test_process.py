"""A job as Batch starts it: a process of its own, stopped by SIGTERM."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from local.paths import LocalCloudPaths
from sluice import keys
from sluice.items.manifest import write_manifest
from sluice.messages import Planned
from sluice.run.state import Run
from sluice.runtime.exit_codes import STOPPED
from sluice.settings import SubmissionSettings
from tests.sluice.runtime.jobs import WORK, Jobs, job_id, jobs_at, sign_in
from tests.sluice.runtime.probe import PIPELINE, submission

ROOT = Path(__file__).parents[3]


@contextmanager
def child_zero(jobs: Jobs, run: Run, endpoint: str, **more: str) -> Iterator[subprocess.Popen[str]]:
    """Start the first child of the array, and end it if it has not ended."""
    variables = SubmissionSettings(run=run.run_id, step="work", generation="0").to_env()
    batch = {
        "AWS_BATCH_JOB_ID": f"{job_id('work')}:0",
        "AWS_BATCH_JOB_ARRAY_INDEX": "0",
        "AWS_BATCH_JOB_ATTEMPT": "1",
    }
    env = {**os.environ, **jobs.settings.to_env(), **variables, **batch, "AWS_ENDPOINT_URL": endpoint, **more}
    words = [sys.executable, "-m", "sluice.runtime", "tests.sluice.runtime.waiting:work"]
    with subprocess.Popen(
        words, env=env, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def test_a_stopped_child_keeps_what_is_finished(
    cloud: LocalCloudPaths, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It writes the finished items and ends with 143; the next attempt works on the others only."""
    sign_in(monkeypatch)
    jobs, endpoint = jobs_at(cloud.endpoint), cloud.endpoint
    run = jobs.upload(PIPELINE, "probe/a.txt", b"input")
    manifest = keys.manifest(run.run_id, "find", "1")
    write_manifest(jobs.s3, WORK, manifest, ({"n": number} for number in range(10)))
    jobs.submit(run, submission(jobs, run, "find"))
    message = Planned(
        run=run.run_id, step="find", generation=0, job_id=job_id("find"), items=10, manifest=manifest
    )
    assert jobs.ledger.record_plan(message)
    jobs.submit(run, submission(jobs, run, "work"))
    with child_zero(jobs, run, endpoint, WAIT_AT="1") as process:
        assert process.stdout is not None
        assert [process.stdout.readline() for _ in range(2)] == ["item 0\n", "item 1\n"]
        process.send_signal(signal.SIGTERM)
        _, error = process.communicate(timeout=30)
    assert (process.returncode, error) == (STOPPED, "Stopped by SIGTERM.\n")
    assert jobs.read(WORK, keys.child_results(run.run_id, "work", 0, 0)) == b'{"i":0,"r":0}\n'
    with child_zero(jobs, run, endpoint, AWS_BATCH_JOB_ATTEMPT="2") as process:
        output, error = process.communicate(timeout=30)
    assert (process.returncode, error) == (0, "")
    assert output == f"item 1\nitem 2\nwork of {run.run_id}, child 0: 2 items, 1 of an earlier attempt\n"
