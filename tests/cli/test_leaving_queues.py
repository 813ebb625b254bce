"""A deploy says which runs would lose their queue."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from cli import deploy
from cli.cloud import Cloud
from cli.leaving_queues import runs_in_the_way
from sluice.run.state import RunState, StepState
from stacks.configuration import Configuration
from tests.cli.world import CommandWorld
from tests.sluice.graphs import QUEUES, pipeline, step

FIRST, SECOND = "words-" + "a" * 20, "words-" + "b" * 20
THERE = pipeline(replace(step("a"), queue="bulk"), step("b", after=("a",)))
FILE = """from sluice.pipeline.definition import Job, Manual, Pipeline
pipeline = Pipeline(name="words", triggers=[Manual()], steps=[Job("a", image="busybox", command=["true"])])
"""


@pytest.fixture
def runs(world: CommandWorld) -> CommandWorld:
    """Two runs with a step in the queue bulk, of which one has ended."""
    for run_id in (FIRST, SECOND):
        world.begin(run_id, "2026-01-01T00:00:00.000+00:00", THERE)
    world.end(SECOND, RunState.SUCCEEDED)
    return world


def test_a_run_with_steps_left_is_in_the_way(runs: CommandWorld) -> None:
    """Of the queues that leave, those with unfinished runs are told, each with its runs; a step that is done
    needs none.
    """
    assert runs_in_the_way(runs.cloud, {"normal"}) == {"bulk": [FIRST]}
    assert runs_in_the_way(runs.cloud, set(QUEUES)) == {}
    runs.ledger.record_end(FIRST, "a", StepState.SUCCEEDED)
    assert runs_in_the_way(runs.cloud, {"normal"}) == {}
    assert runs_in_the_way(runs.cloud, {"bulk"}) == {"normal": [FIRST]}


def test_the_deploy_is_refused_with_what_to_do(
    runs: CommandWorld, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The refusal names queue, run and setting; with the setting the deploy goes on, and so does the first
    one of all.
    """
    (tmp_path / "pipelines").mkdir()
    (tmp_path / "pipelines" / "words.py").write_text(FILE)
    monkeypatch.setattr(deploy, "REPOSITORY", tmp_path)
    with pytest.raises(deploy.DeployError, match=f"bulk is needed by {FIRST}.*SLUICE_KEEP_QUEUES=bulk"):
        deploy._check_no_queue_is_missed(runs.cloud, Configuration())
    deploy._check_no_queue_is_missed(runs.cloud, Configuration(keep_queues=("bulk",)))
    nothing = Cloud(runs.clients.__getitem__, "the test", "Other")
    deploy._check_no_queue_is_missed(nothing, Configuration())
