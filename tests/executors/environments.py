"""A Python environment of its own for each project, and an image of it for its jobs."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from local.batch.ports import Image
from local.images.images import Images
from local.paths import LocalCloudPaths, home

BASE = "busybox"
"""What `.ci/docker-engine` makes: a Debian or an Ubuntu with Python."""
_SECONDS = 600.0
# Each job is to find an empty folder, as it does in a container.
_EMPTY_FOLDER = ("sh", "-c", 'cd "$(mktemp -d)" && exec "$@"', "image")


@dataclass(frozen=True, kw_only=True)
class Project:
    """A project by its packages; `programs` are modules that its jobs call by a name, `wheels` are packages
    that its jobs install by themselves, and `variables` and `entrypoint` are its image's.
    """

    packages: tuple[str, ...]
    programs: tuple[tuple[str, str], ...] = ()
    wheels: tuple[str, ...] = ()
    variables: tuple[tuple[str, str], ...] = ()
    entrypoint: tuple[str, ...] = ()


class Environment:
    """The environment of a project, for one Python, which is kept for the next time."""

    def __init__(self, name: str, project: Project, python: str) -> None:
        self._name, self._project = name, project
        self.folder = home() / "executors" / f"{name}-{Path(python).name}"
        self.python = self.folder / "bin" / "python"
        if not self._is_made.exists():
            self._make(python)

    @property
    def _is_made(self) -> Path:
        return self.folder / "made"

    @property
    def wheels(self) -> Path:
        """Return the folder with what its jobs install."""
        return self.folder / "wheels"

    def image_of_processes(self, cloud: LocalCloudPaths, uri: str) -> None:
        """Let a name stand for the environment in a cloud whose jobs are processes of this machine."""
        variables = {
            **self._variables(self.wheels),
            "PATH": os.pathsep.join([str(self.python.parent), os.environ["PATH"]]),
        }
        images = Images(cloud.images)
        images.save(uri, Image(self.folder, (*_EMPTY_FOLDER, *self._project.entrypoint), (), variables))

    def image_of_containers(self, uri: str, context: Path) -> None:
        """Build a container image with the environment's packages under a name."""
        context.mkdir()
        packages = next(self.folder.glob("lib/python3*/site-packages"))
        shutil.copytree(packages, context / "packages", symlinks=True)
        shutil.copytree(self.wheels, context / "wheels")
        programs = (("pip", "pip"), *self._project.programs)
        for name, start in programs:
            (context / name).write_text(f'#!/bin/sh\nexec python3 {_started(start)} "$@"\n')
            (context / name).chmod(0o755)
        lines = [
            f"FROM {BASE}",
            "COPY packages /packages",
            "COPY wheels /wheels",
            *(f"COPY {name} /usr/local/bin/{name}" for name, _ in programs),
            "RUN ln -s /usr/bin/python3 /usr/local/bin/python",
            *(f"ENV {name}={value}" for name, value in self._variables(Path("/wheels")).items()),
            "ENV PYTHONPATH=/packages",
            "WORKDIR /job",
        ]
        if self._project.entrypoint:
            lines.append(f"ENTRYPOINT {list(self._project.entrypoint)}".replace("'", '"'))
        (context / "Dockerfile").write_text("\n".join([*lines, ""]))
        run("docker", "build", "--quiet", "--tag", uri, str(context))

    def _variables(self, wheels: Path) -> dict[str, str]:
        # Jobs ask no package registry: what they install is beside them, with all that it needs.
        pip = {"PIP_NO_INDEX": "1", "PIP_NO_DEPS": "1", "PIP_FIND_LINKS": str(wheels)}
        return {**pip, **dict(self._project.variables)}

    def _make(self, python: str) -> None:
        uv = str(Path(sys.executable).with_name("uv"))
        run(uv, "venv", "--quiet", "--clear", "--seed", "--python", python, str(self.folder))
        run(str(self.python), "-m", "pip", "install", "--quiet", *self._project.packages)
        self.wheels.mkdir()
        for package in self._project.wheels:
            run(
                *(str(self.python), "-m", "pip", "wheel", "--quiet", "--no-deps"),
                *("--wheel-dir", str(self.wheels), f"{package}=={_version(self.python, package)}"),
            )
        self._is_made.touch()


def run(*command: str) -> str:
    """Run a command to its end, which has to be a good one, and return what it printed."""
    ran = subprocess.run(
        command, check=False, capture_output=True, text=True, timeout=_SECONDS, stdin=subprocess.DEVNULL
    )
    assert ran.returncode == 0, f"{command}: {ran.stdout[-2000:]}{ran.stderr[-4000:]}"
    return ran.stdout


def python_like_that_of(image: str) -> str | None:
    """Return a Python of this machine of the version that an image has, None where there is none."""
    version = run("docker", "run", "--rm", image, "python3", "-c", "import sys; print(*sys.version_info[:2])")
    name = "python{}.{}".format(*version.split())
    return shutil.which(name, path=os.pathsep.join(["/usr/bin", os.environ["PATH"]]))


def _started(start: str) -> str:
    module, _, function = start.partition(":")
    return f"-c 'from {module} import {function} as main; main()'" if function else f"-m {module}"


def _version(python: Path, package: str) -> str:
    code = "import sys, importlib.metadata as m; print(m.version(sys.argv[1]))"
    return run(str(python), "-c", code, package).strip()
