"""Which project a command is about."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli.main import main
from cli.project import configuration, current_project
from stacks.project import VARIABLE, ProjectError


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project, and no other that is named."""
    monkeypatch.setenv(VARIABLE, "")
    root = tmp_path / "team"
    (root / "pipelines").mkdir(parents=True)
    (root / "sluice.toml").write_text('[settings]\nstack_prefix = "Team"\n')
    return root


def test_the_nearest_project_upwards_is_meant(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From any folder of it, with its settings."""
    monkeypatch.chdir(project / "pipelines")
    assert current_project().root == project
    assert configuration().stack_prefix == "Team"


def test_outside_of_a_project_a_command_says_what_to_do(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """And what needs no project has the defaults."""
    monkeypatch.chdir(project.parent)
    with pytest.raises(ProjectError):
        current_project()
    assert configuration().stack_prefix == "Sluice"
    assert main(["pipelines"]) == 1
    assert "`sluice init DIR` writes a project; --project DIR names one." in capsys.readouterr().err


@pytest.mark.parametrize("words", [["--project", "team", "pipelines"], ["pipelines", "--project", "team"]])
def test_an_option_names_another(
    words: list[str], project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Before the command or behind it."""
    monkeypatch.chdir(project.parent)
    assert main(words) == 0
    assert current_project().root == project
    assert "There is no pipeline yet" in capsys.readouterr().err


def test_a_folder_that_is_no_project_is_refused(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """With what would make it one."""
    monkeypatch.chdir(project.parent)
    assert main(["--project", "team/pipelines", "pipelines"]) == 1
    assert "found no sluice.toml. `sluice init team/pipelines` writes one." in capsys.readouterr().err
