"""Jobs as Batch starts them: each a process of its own, over the local cloud."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sluice import keys
from sluice.items.manifest import write_manifest
from sluice.messages import Planned
from sluice.run.state import Run
from sluice.settings import SubmissionSettings
from tests.sluice.runtime.jobs import WORK, Jobs, job_id
from tests.sluice.runtime.probe import PIPELINE, submission

ROOT = Path(__file__).parents[3]


@dataclass(frozen=True, slots=True)
class Ended:
    """How a job's process ended, and what it printed."""

    code: int
    output: str
    error: str


@contextmanager
def started(
    jobs: Jobs,
    run: Run,
    step: str,
    word: str,
    child: int | None = None,
    program: str = "sluice.runtime",
    **more: str,
) -> Iterator[subprocess.Popen[str]]:
    """Start a job, or a child of an array, with more variables, and end it if it has not ended."""
    variables = SubmissionSettings(run=run.run_id, step=step, generation="0").to_env()
    batch = {"AWS_BATCH_JOB_ID": job_id(step), "AWS_BATCH_JOB_ATTEMPT": "1"}
    if child is not None:
        batch |= {"AWS_BATCH_JOB_ID": f"{job_id(step)}:{child}", "AWS_BATCH_JOB_ARRAY_INDEX": str(child)}
    endpoint = {"AWS_ENDPOINT_URL": jobs.s3.meta.endpoint_url}
    env = {**os.environ, **jobs.settings.to_env(), **variables, **batch, **endpoint, **more}
    words = [sys.executable, "-m", program, f"tests.sluice.runtime.{word}"]
    with subprocess.Popen(
        words, env=env, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def ended(jobs: Jobs, run: Run, step: str, word: str, child: int | None = None, **more: str) -> Ended:
    """Run a job to its end."""
    with started(jobs, run, step, word, child, **more) as process:
        output, error = process.communicate(timeout=60)
    return Ended(process.returncode, output, error)


def begun(jobs: Jobs) -> Run:
    """Begin a run and register its plan's job."""
    run = jobs.upload(PIPELINE, "probe/a.txt", b"input")
    jobs.submit(run, submission(jobs, run, "find"))
    return run


def planned(jobs: Jobs, items: int = 10) -> Run:
    """Begin a run whose plan has found so many items, and register the array's job."""
    run = begun(jobs)
    manifest = keys.manifest(run.run_id, "find", "1")
    write_manifest(jobs.s3, WORK, manifest, ({"n": number} for number in range(items)))
    message = Planned(
        run=run.run_id, step="find", generation=0, job_id=job_id("find"), items=items, manifest=manifest
    )
    assert jobs.ledger.record_plan(message)
    jobs.submit(run, submission(jobs, run, "work"))
    return run


def words(jobs: Jobs, run: Run, step: str) -> list[str]:
    """Return the words of a step's first generation."""
    prefix = keys.words_prefix(run.run_id, step, 0)
    return [key.removeprefix(prefix) for key in jobs.keys(WORK, prefix)]
