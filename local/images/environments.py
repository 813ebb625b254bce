"""The packages of a pipeline's image on this machine: made once for each content of its requirements.txt.

An image is a folder here and its RUN lines are skipped, so what they would install stands beside it. Folders
with a Dockerfile of their own have the packages of this virtual environment.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

from local.errors import LocalCloudError
from local.paths import REPOSITORY, home

Progress = Callable[[str], None]
REQUIREMENTS = "requirements.txt"
_CORE = REPOSITORY / "sluice" / "runtime" / REQUIREMENTS
_PYTHON_FILE, _DEFAULT_PYTHON = ".python-version", "3.13"
_HERE = f"{sys.version_info.major}.{sys.version_info.minor}"
_SHOWN_LINES = 6


@dataclass(frozen=True, slots=True)
class Environment:
    """The interpreter of an image's jobs, and the folders with its packages, in the order of their search."""

    python: Path
    folders: tuple[Path, ...]


def environment_of(requirements: Path, version: str) -> Environment:
    """Return the environment for a requirements.txt and a version of Python; it is made where it is not
    there. Raises LocalCloudError, with what pip said.
    """
    python = _interpreter(version)
    folders = [_made(requirements, python or Path(sys.executable), _version(version))]
    if python is not None and _version(version) != _HERE:
        folders.append(_made(_CORE, python, version))
    return Environment(python or Path(sys.executable), tuple(folders))


def prepare(project: Path, progress: Progress) -> None:
    """Make the environments of a project's containers, and say what of their images this machine lacks."""
    for folder in sorted((project / "containers").glob("*")):
        if (folder / "Dockerfile").is_file():
            continue
        requirements, version = folder / REQUIREMENTS, _wanted(folder)
        if requirements.is_file():
            if _interpreter(version) is None:
                progress(
                    f"python     {folder.name}: its image has {version}, which is not on this machine: its"
                    f" jobs run under {_HERE}"
                )
            if not _folder(requirements, _version(version)).is_dir():
                progress(f"packages   {folder.name}: those of its requirements.txt …")
            environment_of(requirements, version)
        missing = sorted(_missing(folder / "apt.txt"))
        if missing:
            progress(f"apt        {folder.name}: not on this machine: {', '.join(missing)}")


def _wanted(folder: Path) -> str:
    file = folder / _PYTHON_FILE
    return file.read_text().strip() if file.is_file() else _DEFAULT_PYTHON


def _interpreter(version: str) -> Path | None:
    """Return this machine's Python of a version, None where it has none."""
    if version == _HERE:
        return Path(sys.executable)
    found = shutil.which(f"python{version}")
    return Path(found) if found and _runs(found) else None


@cache
def _runs(python: str) -> bool:
    """Return whether a program is more than a name: a shim of a manager of versions may have none behind, and
    takes half a second to say so.
    """
    return subprocess.run([python, "-c", ""], capture_output=True, check=False).returncode == 0  # noqa: S603 - found on the PATH


def _version(version: str) -> str:
    return _HERE if _interpreter(version) is None else version


def _folder(requirements: Path, version: str) -> Path:
    content = f"{version}\0".encode() + requirements.read_bytes()
    return home() / "environments" / hashlib.sha256(content).hexdigest()[:16]


def _made(requirements: Path, python: Path, version: str) -> Path:
    folder = _folder(requirements, version)
    if folder.is_dir():
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    building = Path(mkdtemp(prefix="building-", dir=folder.parent))
    command = [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet"]
    command += ["--disable-pip-version-check", f"--target={building}", "-r", str(requirements)]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - pip of this environment
    if ran.returncode:
        shutil.rmtree(building, ignore_errors=True)
        said = "\n".join(ran.stderr.strip().splitlines()[-_SHOWN_LINES:])
        raise LocalCloudError(
            f"Expected the packages of {requirements} to be installed, found:\n{said}\nCorrect the file, and"
            " deploy again."
        )
    with suppress(OSError):  # Another process was faster.
        building.rename(folder)
    shutil.rmtree(building, ignore_errors=True)
    return folder


def _missing(apt: Path) -> Iterator[str]:
    """Yield the Debian packages that this machine lacks; all, where it is no Debian."""
    lines = apt.read_text().splitlines() if apt.is_file() else []
    for word in (word for line in lines for word in line.partition("#")[0].split()):
        name = re.split("[=/]", word)[0]
        query = shutil.which("dpkg-query")
        if query is None:
            yield name
            continue
        asked = [query, "--show", "--showformat=${db:Status-Status}", name]
        found = subprocess.run(asked, capture_output=True, text=True, check=False)  # noqa: S603 - a name, no option
        if found.stdout.strip() != "installed":
            yield name
