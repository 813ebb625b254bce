"""Jobs as the local cloud starts them: forked from a process that is ready."""

from __future__ import annotations

import os
import sys

from local.batch.ports import Task
from local.batch.runtime.warm.parents import WarmParents
from sluice.settings import SubmissionSettings
from tests.sluice.runtime.jobs import Jobs, job_id
from tests.sluice.runtime.processes import ROOT


def task_of(jobs: Jobs, run_id: str, child: int, word: str = "waiting:work", **more: str) -> Task:
    """Return a child of an array as the engine has it started."""
    keep = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    shared = {
        **keep,
        **jobs.settings.to_env(),
        "AWS_ENDPOINT_URL": jobs.s3.meta.endpoint_url,
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    own = SubmissionSettings(run=run_id, step="work", generation="0").to_env()
    credentials = {name: os.environ[name] for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")}
    batch = {"AWS_BATCH_JOB_ID": f"{job_id('work')}:{child}", "AWS_BATCH_JOB_ARRAY_INDEX": str(child)}
    return Task(
        id="0" * 32,
        argv=(sys.executable, "-m", "sluice.runtime", f"tests.sluice.runtime.{word}"),
        environment={**shared, **own, **credentials, **batch, "AWS_BATCH_JOB_ATTEMPT": "1", **more},
        workdir=ROOT,
        log_group="g",
        log_stream="s",
        memory=100,
        image="i",
        shared=shared,
    )


def forked(parents: WarmParents, task: Task) -> tuple[int | None, str]:
    """Return the exit code and the output of a child that is forked from a warm parent."""
    out, into = os.pipe()
    child = parents.fork(task, into)
    os.close(into)
    assert child is not None
    with os.fdopen(out) as file:
        return child.wait(), file.read()
