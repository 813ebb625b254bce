"""A project that works at once, and pipelines that are added to one."""

from __future__ import annotations

import os
import re
import subprocess
import tomllib
from pathlib import Path

import pytest

from cli.commands.init import patterns
from cli.main import main
from cli.project import EXAMPLES
from local.paths import REPOSITORY
from sluice.pipeline.loading import load_pipelines
from stacks.project import VARIABLE, read_project


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A new project whose Sluice is this one."""
    monkeypatch.setenv(VARIABLE, "")
    root = tmp_path / "team"
    assert main(["init", str(root), "--source", str(REPOSITORY)]) == 0
    monkeypatch.chdir(root)
    return root


def test_a_project_has_all_that_it_needs(project: Path) -> None:
    """And nothing that names this repository but its source."""
    found = {path.relative_to(project).as_posix() for path in project.rglob("*") if path.is_file()}
    assert found == {
        ".github/workflows/ci.yml",
        ".gitignore",
        "README.md",
        "containers/words/requirements.txt",
        "containers/words/steps.py",
        "pipelines/words.py",
        "sluice.toml",
        "sluicew",
        "tests/test_words.py",
    }
    assert (project / "README.md").read_text().startswith("# team\n")
    assert len((project / "README.md").read_text().splitlines()) <= 10
    assert read_project(project).source == str(REPOSITORY)
    assert [str(one.name) for one in load_pipelines(project)] == ["words"]


def test_its_own_tests_pass_by_its_wrapper(project: Path) -> None:
    """From any folder, with the Sluice that its file names."""
    ran = subprocess.run(
        [project / "sluicew", "test", "-q", "-p", "no:cacheprovider"],
        cwd=project.parent,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ran.returncode, "1 passed" in ran.stdout) == (0, True), ran.stdout + ran.stderr


@pytest.mark.parametrize("named", ["option", "environment"])
def test_make_is_about_the_project_that_it_names(named: str, project: Path) -> None:
    """`make … PROJECT=DIR`, from where make runs; a target's `sluice` then is about that project alone."""
    folder = os.path.relpath(project, REPOSITORY)
    given = {"option": [f"PROJECT={folder}"], "environment": []}[named]
    variables = {"SLUICE_PROJECT": str(project) if named == "environment" else str(EXAMPLES)}
    ran = subprocess.run(
        ["make", "--silent", "local", "SLUICE=.venv/bin/sluice pipelines #", *given],
        cwd=REPOSITORY,
        env=os.environ | variables,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    assert [line.split()[0] for line in ran.stdout.splitlines()[1:]] == ["words"]


def test_a_folder_with_files_is_left_alone(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An empty repository is not."""
    assert main(["init", str(project)]) == 2
    assert "Expected a folder that is new or empty" in capsys.readouterr().err
    (project.parent / "empty" / ".git").mkdir(parents=True)
    assert main(["init", str(project.parent / "empty")]) == 0


def test_without_a_source_it_is_this_one(tmp_path: Path) -> None:
    """At its commit, so that others get the same; here this folder serves."""
    assert main(["init", str(tmp_path / "team")]) == 0
    assert (tmp_path / "team" / ".sluice" / "written-by").read_text() == f"{REPOSITORY}\n"
    commit = subprocess.run(
        ["git", "rev-parse", "HEAD"], cwd=REPOSITORY, capture_output=True, text=True, check=True
    ).stdout.strip()
    written = tomllib.loads((tmp_path / "team" / "sluice.toml").read_text())["sluice"]
    assert written["version"] == commit


@pytest.mark.parametrize("example", patterns())
def test_any_example_is_a_pattern(example: str, project: Path) -> None:
    """What is made of it is valid, under its new name alone."""
    assert main(["new", "my-own", "--from", example]) == 0
    assert [str(one.name) for one in load_pipelines(project)] == ["my-own", "words"]
    package = example.replace("-", "_")
    texts = [path.read_text() for path in project.rglob("*my_own*/*.py")]
    texts.append((project / "pipelines" / "my_own.py").read_text())
    assert not [text for text in texts if f"containers.{package}" in text]


def test_a_pattern_with_packages_asks_for_them_without_this_repositorys_lock(project: Path) -> None:
    """Its image is what Sluice writes: the example's Dockerfile names the example's folder."""
    assert main(["new", "my-own", "--from", "post-trade"]) == 0
    folder = project / "containers" / "my_own"
    assert (folder / "requirements.txt").read_text() == "vega_datasets==0.9.0\n"
    assert not [*folder.glob("Dockerfile"), *folder.glob("requirements.in")]


def test_the_tests_of_every_pattern_pass_in_the_project(project: Path) -> None:
    """By its wrapper, all beside each other. Each has some, and of Sluice they import the package alone."""
    for example in patterns():
        assert main(["new", f"own-{example}", "--from", example]) == 0
        package = f"own_{example.replace('-', '_')}"
        assert (project / "tests" / f"test_{package}.py").is_file(), example
        # What it requires is asked for above, and large.
        (project / "containers" / package / "requirements.txt").unlink(missing_ok=True)
    ours = re.compile(
        r"^\s*(?:from|import) ((?:cli|local|stacks|lambdas|console|scheduler|tests|docs)\b.*)", re.MULTILINE
    )
    files = list(project.rglob("*.py"))
    assert {path.name: found for path in files if (found := ours.findall(path.read_text()))} == {}
    ran = subprocess.run(
        [project / "sluicew", "test", "-q", "-p", "no:cacheprovider"],
        cwd=project,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_a_pipeline_without_a_pattern_is_as_the_starter(project: Path) -> None:
    """With its test, which passes beside the first."""
    assert main(["new", "other"]) == 0
    assert "from pipelines.other import pipeline" in (project / "tests" / "test_other.py").read_text()


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["words"], "Expected a new name, found pipelines/words.py."),
        (["x", "--from", "nothing"], "Expected an example (flight-delays, "),
        (["x", "--from", "delays-and-weather"], "Expected an example (flight-delays, "),
        (["Not a name"], "expected"),
        (["../x"], "expected"),
    ],
)
def test_what_cannot_be_added_is_refused(
    words: list[str], says: str, project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """And nothing is written."""
    before = sorted(project.rglob("*"))
    assert main(["new", *words]) != 0
    assert says in capsys.readouterr().err
    assert sorted(path for path in project.rglob("*") if "__pycache__" not in path.parts) == [
        path for path in before if "__pycache__" not in path.parts
    ]
