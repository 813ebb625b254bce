"""Builds an image without Docker: copies what the Dockerfile copies, and notes how the image starts.

RUN is skipped: the packages that it would install are in this virtual environment, whose interpreter runs the
jobs.
"""

import hashlib
import os
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from local.batch.ports import Image
from local.errors import LocalCloudError
from local.images.dockerfile import Instruction, pairs, parse, substitute
from local.images.environments import REQUIREMENTS, environment_of
from local.images.images import Images

_PACKAGES = "packages"
"""The folder of an image, written by Sluice, with what its requirements.txt names."""
_PYTHON = re.compile(r"/python:(\d+\.\d+)-")
_DIGEST_CHARACTERS = 16
"""Of the name of an image's folder, which stands in paths that people read."""


@dataclass
class Stage:
    """One stage of a build while it is read: its files below `root` and what was set so far."""

    root: Path
    workdir: str = "/"
    environment: dict[str, str] = field(default_factory=dict)
    entrypoint: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    python: str = ""


@dataclass(frozen=True)
class BuildRequest:
    """What `docker build` was asked for: paths, the name of the result, build arguments, the last stage to
    build.
    """

    context: Path
    dockerfile: Path
    tag: str
    arguments: Mapping[str, str] = field(default_factory=dict)
    target: str = ""


def build(request: BuildRequest, images: Images) -> Image:
    """Build the image and save it under its tag. Raises LocalCloudError for a Dockerfile that cannot be built
    here.
    """
    workspace = images.workspace(request.tag)
    stage = _Builder(request, workspace).build()
    digest = _digest(stage.root)
    root = images.root(digest)
    if not root.exists():
        stage.root.rename(root)
    shutil.rmtree(workspace)
    image = _image(stage, root)
    images.save(request.tag, image)
    return image


class _Builder:
    """Reads the instructions one after the other into stages."""

    def __init__(self, request: BuildRequest, workspace: Path) -> None:
        self._request = request
        self._workspace = workspace
        self._stages: dict[str, Stage] = {}
        self._stage = Stage(workspace)
        self._variables: dict[str, str] = {}

    def build(self) -> Stage:
        steps = {
            "FROM": self._from,
            "COPY": self._copy,
            "ADD": self._copy,
            "ENV": self._env,
            "ARG": self._arg,
        }
        steps |= {"WORKDIR": self._workdir, "ENTRYPOINT": self._entrypoint, "CMD": self._cmd}
        for instruction in parse(self._request.dockerfile.read_text()):
            if (
                instruction.keyword == "FROM"
                and self._request.target in self._stages
                and self._request.target
            ):
                break
            if instruction.keyword in steps:
                steps[instruction.keyword](instruction)
        if not self._stages:
            message = f"Expected a FROM in {self._request.dockerfile.name}, found none."
            raise LocalCloudError(message)
        return self._stage

    def _from(self, instruction: Instruction) -> None:
        words = [word for word in instruction.words(self._variables) if not word.startswith("--")]
        number = str(len(self._stages))
        base = self._stages.get(words[0])
        root = self._workspace / f"stage-{number}"
        if base:
            shutil.copytree(base.root, root, symlinks=True)
            self._stage = Stage(root, base.workdir, dict(base.environment), base.entrypoint, base.command)
        else:
            root.mkdir()
            version = _PYTHON.search(words[0])
            self._stage = Stage(root, python=version[1] if version else "")
        self._stages[words[2] if len(words) > 2 else number] = self._stage

    def _copy(self, instruction: Instruction) -> None:
        words = instruction.words(self._variables)
        origin = self._request.context
        for option in [word for word in words if word.startswith("--from=")]:
            stage = self._stages.get(option.removeprefix("--from="))
            if stage is None:
                # a file of an image that only exists elsewhere, such as a binary; the host has its own
                return
            origin = stage.root
        *sources, destination = [word for word in words if not word.startswith("--")]
        target = self._inside(destination)
        for source in sources:
            _copy(
                origin,
                source,
                target,
                into=destination.endswith("/") or destination == "." or len(sources) > 1,
            )

    def _workdir(self, instruction: Instruction) -> None:
        workdir = substitute(instruction.text, self._variables)
        self._stage.workdir = os.path.normpath(os.path.join(self._stage.workdir, workdir))  # noqa: PTH118 - not a path of this machine
        self._inside(".").mkdir(parents=True, exist_ok=True)

    def _env(self, instruction: Instruction) -> None:
        found = pairs(instruction, self._variables)
        self._stage.environment.update(found)
        self._variables.update(found)

    def _arg(self, instruction: Instruction) -> None:
        for name, default in pairs(instruction, self._variables).items():
            self._variables[name] = self._request.arguments.get(name, default)

    def _entrypoint(self, instruction: Instruction) -> None:
        self._stage.entrypoint, self._stage.command = instruction.command(), ()

    def _cmd(self, instruction: Instruction) -> None:
        self._stage.command = instruction.command()

    def _inside(self, path: str) -> Path:
        """Return where a path of the image is on this machine; `..` ends at the image's root, as in a
        container.
        """
        absolute = os.path.normpath(os.path.join(self._stage.workdir, path))  # noqa: PTH118 - not a path of this machine
        return self._stage.root / absolute.lstrip("/")


def _copy(origin: Path, source: str, target: Path, *, into: bool) -> None:
    """Copy what `source` names, as COPY does: a directory's content, or files, `into` a directory or to a
    name.
    """
    pattern = source.strip("/")
    found = sorted(origin.glob(pattern)) if pattern not in ("", ".") else [origin]
    if not found or any(not path.resolve().is_relative_to(origin.resolve()) for path in found):
        message = (
            f"Expected {source!r} in the build context, found no such file: check the asset's directory and"
            " excludes."
        )
        raise LocalCloudError(message)
    for path in found:
        if path.is_dir():
            shutil.copytree(path, target, symlinks=True, dirs_exist_ok=True)
            continue
        goal = target / path.name if into or target.is_dir() else target
        goal.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(path, goal)


def _image(stage: Stage, root: Path) -> Image:
    variables = {name: value for name, value in stage.environment.items() if name != "PATH"}
    environment = {name: _on_this_machine(value, root) for name, value in variables.items()}
    python = _with_packages(root / _PACKAGES, stage.python, environment)
    return Image(root / stage.workdir.lstrip("/"), stage.entrypoint, stage.command, environment, python)


def _with_packages(folder: Path, version: str, environment: dict[str, str]) -> str | None:
    """Let PYTHONPATH lead to the packages of the image's requirements.txt instead of to its folder, which has
    only that file here; return the interpreter.
    """
    requirements = folder / REQUIREMENTS
    if not requirements.is_file() or not version:
        return None
    found = environment_of(requirements, version)
    packages = os.pathsep.join(map(str, found.folders))
    environment["PYTHONPATH"] = environment.get("PYTHONPATH", "").replace(str(folder), packages)
    return str(found.python)


def _on_this_machine(value: str, root: Path) -> str:
    """Return `value` with each absolute path in it that the image holds led to where the image's files
    are.
    """
    parts = value.split(os.pathsep)
    return os.pathsep.join(str(root / part.lstrip("/")) if _held(part, root) else part for part in parts)


def _held(path: str, root: Path) -> bool:
    return path.startswith("/") and path != "/" and (root / path.lstrip("/")).exists()


def _digest(root: Path) -> str:
    """Return a digest of the paths, modes and contents below `root`."""
    total = hashlib.sha256()
    for path in sorted(root.rglob("*")):
        content = path.read_bytes() if path.is_file() else b""
        entry = f"{path.relative_to(root)}\0{path.stat().st_mode:o}\0{len(content)}\0"
        total.update(entry.encode() + content)
    return total.hexdigest()[:_DIGEST_CHARACTERS]
