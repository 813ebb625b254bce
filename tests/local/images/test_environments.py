"""The packages of an image: made from its requirements.txt, once for each content."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from local.errors import LocalCloudError
from local.images import environments
from local.images.build import BuildRequest, build
from local.images.environments import environment_of, prepare
from local.images.images import Images
from local.paths import home
from stacks.blocks.jobs.dockerfile import dockerfile
from tests.local.images.wheels import wheel

HERE = f"{sys.version_info.major}.{sys.version_info.minor}"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with a container, whose requirement is a wheel beside it."""
    monkeypatch.setenv("SLUICE_HOME", str(tmp_path / "home"))
    folder = tmp_path / "project" / "containers" / "words"
    folder.mkdir(parents=True)
    (folder / "steps.py").write_text("")
    made = wheel(tmp_path, "sluice_test_package", "1.0", "VERSION = '1.0'\n")
    (folder / "requirements.txt").write_text(f"{made}\n")
    return tmp_path / "project"


def _context(project: Path) -> Path:
    """Return what the image of the container is built from."""
    folder = project / "containers" / "words"
    for path in (project / "sluice" / "runtime", project / "containers"):
        path.mkdir(parents=True, exist_ok=True)
    (project / "sluice" / "runtime" / "requirements.txt").write_text("")
    (project / "containers" / "__init__.py").touch()
    (project / "Dockerfile").write_text(dockerfile(folder))
    return project


def _version_in(project: Path, images: Images) -> str:
    image = build(BuildRequest(_context(project), project / "Dockerfile", "words"), images)
    assert images.resolve("words") == image
    assert image.python is not None
    code = "import sluice_test_package; print(sluice_test_package.VERSION)"
    environment = {**os.environ, **image.environment}
    ran = subprocess.run(
        [image.python, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    return ran.stdout.strip()


def test_a_job_finds_the_packages_of_its_requirements(project: Path, tmp_path: Path) -> None:
    """Those of its own, and after a change the new ones; packages of this environment do not come first."""
    images = Images(tmp_path / "images")
    assert _version_in(project, images) == "1.0"
    other = wheel(tmp_path, "sluice_test_package", "2.0", "VERSION = '2.0'\n")
    (project / "containers" / "words" / "requirements.txt").write_text(f"{other}\n")
    assert _version_in(project, images) == "2.0"


def test_an_environment_is_made_once(project: Path) -> None:
    """With a line that says so; the second time nothing is said of packages."""
    lines: list[str] = []
    (project / "containers" / "words" / ".python-version").write_text(f"{HERE}\n")
    prepare(project, lines.append)
    assert lines == ["packages   words: those of its requirements.txt …"]
    prepare(project, lines.append)
    assert len(lines) == 1


def test_what_this_machine_lacks_is_said(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The Python of the image, and Debian's packages."""
    monkeypatch.setattr(environments, "_HERE", "3.11")
    monkeypatch.setattr(shutil, "which", lambda name: None)
    (project / "containers" / "words" / ".python-version").write_text("3.14\n")
    (project / "containers" / "words" / "apt.txt").write_text("libgomp1=12 # for lightgbm\n")
    lines: list[str] = []
    prepare(project, lines.append)
    assert [line for line in lines if not line.startswith("packages")] == [
        "python     words: its image has 3.14, which is not on this machine: its jobs run under 3.11",
        "apt        words: not on this machine: libgomp1",
    ]


def test_a_shim_without_a_python_behind_it_is_none(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As managers of versions leave them on the PATH."""
    shim = tmp_path / "python3.14"
    shim.write_text("#!/bin/sh\nexit 127\n")
    shim.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    requirements = project / "containers" / "words" / "requirements.txt"
    assert environment_of(requirements, "3.14").python == Path(sys.executable)


def test_a_package_that_is_not_there_is_refused(project: Path) -> None:
    """In pip's words, with the file that names it; nothing half-made is left."""
    requirements = project / "containers" / "words" / "requirements.txt"
    requirements.write_text("/nowhere/none-1.0-py3-none-any.whl\n")
    with pytest.raises(LocalCloudError, match=r"requirements.txt to be installed, found:\n(.|\n)*none-1.0"):
        environment_of(requirements, HERE)
    assert list((home() / "environments").iterdir()) == []


def test_a_folder_with_a_dockerfile_of_its_own_is_left_alone(project: Path) -> None:
    """What it installs, and how, only Docker knows."""
    (project / "containers" / "words" / "Dockerfile").write_text("FROM python:3.13-slim\n")
    lines: list[str] = []
    prepare(project, lines.append)
    assert lines == []
