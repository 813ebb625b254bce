"""A job that is forked from a process that is ready does what one does that is started anew."""

from __future__ import annotations

from dataclasses import replace

import pytest

from local.batch.runtime.warm.parents import WarmParents
from sluice import keys
from sluice.aws import clients
from sluice.runtime import warm
from sluice.runtime.warm import rehearsal
from tests.sluice.runtime.forked import forked, task_of
from tests.sluice.runtime.jobs import WORK, Jobs
from tests.sluice.runtime.processes import planned, words


def test_a_forked_child_works_on_its_items(processes: Jobs, parents: WarmParents) -> None:
    """With its own role's credentials, results and word; a second one is another child."""
    jobs = processes
    run = planned(jobs)
    code, output = forked(parents, task_of(jobs, run.run_id, 0))
    assert code == 0, output
    assert output.endswith(f"work of {run.run_id}, child 0: 3 items\n")
    code, output = forked(parents, task_of(jobs, run.run_id, 1))
    assert output.endswith(f"work of {run.run_id}, child 1: 3 items\n")
    said = [word.split("-")[:4] for word in words(jobs, run, "work")]
    assert said == [["00000", "3", "0", "1"], ["00001", "3", "0", "1"]]
    assert jobs.read(WORK, keys.child_results(run.run_id, "work", 0, 0)).startswith(b'{"i":0')


def test_a_forked_child_without_credentials_is_started_anew(processes: Jobs, parents: WarmParents) -> None:
    """A container without a role has none: its clients must not have those of another."""
    task = task_of(processes, "run", 0)
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
