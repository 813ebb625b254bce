"""What is in a pipeline's folder of ``containers/``: its functions, and what its image is made of."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from sluice.errors import Mistake

CONTAINERS = "containers"
SHARED = "shared"
DEFAULT_PYTHON = "3.13"
PYTHONS = ("3.11", "3.12", "3.13", "3.14")
_PYTHON_FILE = ".python-version"
# https://www.debian.org/doc/debian-policy/ch-controlfields.html#source, with a version or a release behind it
_DEBIAN_PACKAGE = re.compile(r"[a-z0-9][a-z0-9+.-]+(:[a-z0-9-]+)?([=/][A-Za-z0-9.+:~-]+)?")


def package_of(pipeline: str) -> str:
    """Return the name of the package in ``containers/`` that has a pipeline's own code."""
    return pipeline.replace("-", "_")


def shared_folders(containers: Path, named: Sequence[str] | None) -> tuple[str, ...]:
    """Return the folders of ``containers/`` whose code an image has beside its own: those that its pipeline
    names, or ``shared`` where it names none and that is one.
    """
    if named is not None:
        return tuple(dict.fromkeys(named))
    return (SHARED,) if (containers / SHARED).is_dir() else ()


def check_shared_folders(containers: Path, own: str, named: Sequence[str] | None) -> Iterator[Mistake]:
    """Yield what is wrong with the folders that a pipeline names for shared code."""
    for number, name in enumerate(named or ()):
        if not name.isidentifier() or name == own or not (containers / name).is_dir():
            yield Mistake(
                f"shared[{number}]",
                f"a folder of {CONTAINERS}/ other than {own}, with a name that Python can import",
                repr(name),
                "Rename it." if not name.isidentifier() else f"Correct it, or make {CONTAINERS}/{name}/.",
            )


def python_version(folder: Path) -> str:
    """Return the version of Python of the folder's image, such as 3.13: what its ``.python-version`` says."""
    file = folder / _PYTHON_FILE
    return file.read_text().strip() if file.is_file() else DEFAULT_PYTHON


def check_image_folder(folder: Path, where: str) -> Iterator[Mistake]:
    """Yield what is wrong with what an image is made of, in a folder without a Dockerfile of its own."""
    if (folder / "Dockerfile").is_file():
        return
    version = python_version(folder)
    if version not in PYTHONS:
        yield Mistake(
            f"{where}/{_PYTHON_FILE}:1",
            f"one of {', '.join(PYTHONS)}",
            repr(version),
            "Correct it, or write a Dockerfile.",
        )
    apt = folder / "apt.txt"
    for number, line in enumerate(apt.read_text().splitlines() if apt.is_file() else [], 1):
        for word in line.partition("#")[0].split():
            if not _DEBIAN_PACKAGE.fullmatch(word):
                yield Mistake(
                    f"{where}/apt.txt:{number}",
                    "names of Debian packages",
                    repr(word),
                    "Write the names alone, such as libgomp1.",
                )
