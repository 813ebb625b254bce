"""The base image of images whose Dockerfile Sluice writes, by digest where the project has pinned it.

``bases.Dockerfile`` of ``containers/`` says it in lines of ``FROM name:tag@sha256:…``, which `make pin`
writes and renews, as does any tool that renews Dockerfiles. It is never built.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from sluice.errors import SluiceError
from sluice.pipeline.image_folder import SHARED, python_version

BASE = "public.ecr.aws/docker/library/python"
FILE = "bases.Dockerfile"
_LINE = re.compile(r"FROM (?P<name>[^\s@]+)(?:@(?P<digest>sha256:[0-9a-f]{64}))?")
_HEADER = (
    "# Written by `make pin`: the base images of the Dockerfiles that Sluice writes. Nothing builds this."
)


def base_image(folder: Path) -> str:
    """Return what the image of a folder of ``containers/`` begins with, by digest where it is pinned.

    Raises SluiceError for a line of ``bases.Dockerfile`` that says no image.
    """
    name = _name(folder)
    digest = _digests(folder.parent / FILE).get(name)
    return f"{name}@{digest}" if digest else name


def bases_text(containers: Path) -> str | None:
    """Return what ``bases.Dockerfile`` of a project's ``containers/`` is to say before it is pinned anew.

    None where Sluice writes no Dockerfile for a folder there.
    """
    digests = _digests(containers / FILE)
    names = sorted({_name(folder) for folder in _folders(containers)})
    lines = [f"FROM {name}@{digests[name]}" if digests.get(name) else f"FROM {name}" for name in names]
    return "\n".join([_HEADER, *lines, ""]) if names else None


def _name(folder: Path) -> str:
    return f"{BASE}:{python_version(folder)}-slim"


def _folders(containers: Path) -> Iterator[Path]:
    for folder in containers.iterdir():
        named = folder.name != SHARED and not folder.name.startswith(("_", "."))
        if named and folder.is_dir() and not (folder / "Dockerfile").is_file():
            yield folder


def _digests(file: Path) -> dict[str, str | None]:
    if not file.is_file():
        return {}
    digests = {}
    for number, line in enumerate(file.read_text().splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        found = _LINE.fullmatch(line.strip())
        if found is None:
            raise SluiceError(
                f"Expected FROM name:tag@sha256:… with 64 digits in {file}:{number}, found {line!r}."
                " `make pin` writes the file anew once that line is gone."
            )
        digests[found["name"]] = found["digest"]
    return digests
