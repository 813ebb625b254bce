"""A cloud that runs is brought up to date, and keeps what is in it."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from local.deployment.deploy import client_of
from local.deployment.deployed import Deployed, last_deployed
from local.deployment.synth import digests
from local.deployment.update import changes, update, update_code
from local.errors import LocalCloudError
from local.paths import LocalCloudPaths
from local.server.lock import hold
from sluice.run.state import RunState
from tests.e2e.application import Application


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with two containers."""
    for name in ("a", "b"):
        folder = tmp_path / "project" / "containers" / name
        folder.mkdir(parents=True)
        (folder / "steps.py").write_text("")
        (folder / "Dockerfile").write_text("FROM python\n")
    return tmp_path / "project"


def test_a_change_of_code_is_told_from_every_other(project: Path, tmp_path: Path) -> None:
    """Which packages an image has, which containers there are, and settings are no code."""
    deployed = Deployed(str(tmp_path), str(project), digests(project, {}), 1)
    assert deployed.changed_containers(project, digests(project, {})) == []
    assert deployed.changed_containers(project, digests(project, {"ALERT_EMAIL": "a@b.c"})) is None
    assert deployed.changed_containers(tmp_path, digests(project, {})) is None
    (project / "containers" / "a" / "more.py").write_text("x = 1")
    assert deployed.changed_containers(project, digests(project, {})) == ["a"]
    (project / "containers" / "b" / "Dockerfile").write_text("FROM python:3\n")
    assert deployed.changed_containers(project, digests(project, {})) is None
    (project / "containers" / "b" / "Dockerfile").write_text("FROM python\n")
    (project / "containers" / "c").mkdir()
    (project / "containers" / "c" / "steps.py").write_text("")
    assert deployed.changed_containers(project, digests(project, {})) is None


def test_a_save_before_the_first_look_is_a_change(project: Path) -> None:
    """As one is that is made while the command still deploys what was there when it began."""
    saves = changes(project)
    (project / "containers" / "a" / "steps.py").write_text("x = 1")
    assert next(saves, "the end") is None


def test_what_was_deployed_is_known_while_the_cloud_lives(tmp_path: Path) -> None:
    """Another cloud at the same place begins empty."""
    paths = LocalCloudPaths(4566, tmp_path)
    assert last_deployed(paths) is None
    with hold(paths.pid_file):
        deployed = Deployed("assembly", "project", {"": "1"}, os.getpid())
        deployed.save(paths)
        assert last_deployed(paths) == deployed
    assert last_deployed(paths) is None


def test_names_are_those_of_containers(project: Path, tmp_path: Path) -> None:
    """Another is refused with those that there are."""
    with pytest.raises(LocalCloudError, match=r"Expected one of a, b, found c\."):
        update(LocalCloudPaths(4566, tmp_path), print, project, ["c"])


def test_code_alone_is_deployed_whatever_else_has_changed(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next deploy of all still finds the rest; a container that is new is not deployed without it."""
    paths, deploys, said = LocalCloudPaths(4566, tmp_path), list[str](), list[str]()

    def deploy_code(_paths: object, _progress: object, _project: object, assembly: Path, name: str) -> Path:
        deploys.append(name)
        return assembly

    monkeypatch.setattr("local.deployment.update._deploy_code", deploy_code)
    with hold(paths.pid_file):
        before = digests(project, os.environ)
        Deployed(str(tmp_path), str(project.resolve()), before, os.getpid()).save(paths)
        update_code(paths, said.append, project, ["a"])
        assert (deploys, said) == ([], ["deploy     nothing has changed"])
        (project / "pipelines").mkdir()
        (project / "pipelines" / "b.py").write_text("broken (")
        for name in ("a", "b"):
            (project / "containers" / name / "steps.py").write_text("x = 1")
        update_code(paths, said.append, project, ["a"])
        assert deploys == ["a"]
        left = last_deployed(paths)
        assert left is not None
        now = digests(project, os.environ)
        assert {name for name in now if left.digests[name] != now[name]} == {"", "b"}
        (project / "containers" / "c").mkdir()
        (project / "containers" / "c" / "steps.py").write_text("")
        with pytest.raises(LocalCloudError, match="Expected a change of the code of c alone"):
            update_code(paths, said.append, project, ["c"])


@pytest.mark.e2e
def test_a_changed_step_runs_at_once_and_earlier_runs_stay(
    deployed_cloud: LocalCloudPaths, deployed_project: Path
) -> None:
    """New runs have the new code; an earlier run has its results, and its job definitions."""
    app = Application(deployed_cloud)
    before = app.ended(app.put("word-count/before.txt", b"one two\n"))
    steps = deployed_project / "containers" / "word_count" / "steps.py"
    code = steps.read_text()
    said: list[str] = []
    # Whatever variables and code other tests had deployed with.
    update(deployed_cloud, lambda line: None, deployed_project)
    try:
        steps.write_text(code.replace("word.lower()", "word.upper()"))
        update(deployed_cloud, said.append, deployed_project)
        after = app.ended(app.put("word-count/after.txt", b"one two\n"))
        assert after.state is RunState.SUCCEEDED, [step.reason for step in after.steps.values()]
        assert json.loads(app.published(after, "counts.json")) == {"ONE": 1, "TWO": 1}
    finally:
        steps.write_text(code)
        update(deployed_cloud, said.append, deployed_project)
    again = app.ended(app.put("word-count/again.txt", b"one two\n"))
    assert json.loads(app.published(again, "counts.json")) == {"one": 1, "two": 1}
    assert not any(line.startswith("synth") for line in said)
    assert json.loads(app.published(before, "counts.json")) == {"one": 1, "two": 1}
    pages = client_of(deployed_cloud, "batch").get_paginator("describe_job_definitions").paginate()
    found = [one for page in pages for one in page["jobDefinitions"] if one["status"] == "ACTIVE"]
    names = {one["jobDefinitionName"] for one in found}
    assert {_name(step.job_definition) for step in before.pipeline.steps} <= names


def _name(definition: str) -> str:
    return definition.rpartition("/")[2].partition(":")[0]
