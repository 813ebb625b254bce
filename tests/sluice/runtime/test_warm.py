"""A job that is forked from a process that is ready does what one does that is started anew."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from dataclasses import replace

import pytest

from local.batch.ports import Task
from local.batch.runtime.warm.parents import WarmParents
from sluice import keys
from sluice.aws import clients
from sluice.runtime import warm
from sluice.runtime.warm import rehearsal
from sluice.settings import SubmissionSettings
from tests.sluice.runtime.jobs import WORK, Jobs, job_id
from tests.sluice.runtime.processes import ROOT, planned, words


@pytest.fixture
def parents() -> Iterator[WarmParents]:
    """Parents of an engine."""
    made = WarmParents()
    yield made
    made.close()


def _task(jobs: Jobs, run_id: str, child: int, **more: str) -> Task:
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
        argv=(sys.executable, "-m", "sluice.runtime", "tests.sluice.runtime.waiting:work"),
        environment={**shared, **own, **credentials, **batch, "AWS_BATCH_JOB_ATTEMPT": "1", **more},
        workdir=ROOT,
        log_group="g",
        log_stream="s",
        memory=100,
        image="i",
        shared=shared,
    )


def _forked(parents: WarmParents, task: Task) -> tuple[int | None, str]:
    out, into = os.pipe()
    child = parents.fork(task, into)
    os.close(into)
    assert child is not None
    with os.fdopen(out) as file:
        return child.wait(), file.read()


def test_a_forked_child_works_on_its_items(processes: Jobs, parents: WarmParents) -> None:
    """With its own role's credentials, results and word; a second one is another child."""
    jobs = processes
    run = planned(jobs)
    code, output = _forked(parents, _task(jobs, run.run_id, 0))
    assert code == 0, output
    assert output.endswith(f"work of {run.run_id}, child 0: 3 items\n")
    code, output = _forked(parents, _task(jobs, run.run_id, 1))
    assert output.endswith(f"work of {run.run_id}, child 1: 3 items\n")
    said = [word.split("-")[:4] for word in words(jobs, run, "work")]
    assert said == [["00000", "3", "0", "1"], ["00001", "3", "0", "1"]]
    assert jobs.read(WORK, keys.child_results(run.run_id, "work", 0, 0)).startswith(b'{"i":0')


def test_a_forked_child_without_credentials_is_started_anew(processes: Jobs, parents: WarmParents) -> None:
    """A container without a role has none: its clients must not have those of another."""
    task = _task(processes, "run", 0)
    without = {name: value for name, value in task.environment.items() if "KEY" not in name}
    assert parents.fork(replace(task, environment=without), 1) is None


def test_what_is_rehearsed_is_made_once_and_reaches_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """The endpoint of these clients is no process's."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    made: dict[str, object] = {}

    def client(service: str) -> object:
        if service not in made:
            made[service] = clients.full_client.__wrapped__(service)
        return made[service]

    monkeypatch.setattr(rehearsal, "client", client)
    rehearsal.rehearse("table", "bucket", "arn:aws:sns:us-east-1:000000000000:topic")
    assert set(made) == {"dynamodb", "s3", "sns"}


def test_own_words_name_no_module() -> None:
    """`cleanup` and `gate` import nothing."""
    warm.load(["cleanup"])
