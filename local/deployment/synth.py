"""Synthesises the app once for each state of its sources."""

import hashlib
import json
import os
import shutil
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from local.deployment import cdk
from local.paths import REPOSITORY, LocalCloudPaths, home

# What the templates and assets are made of, Sluice's own files and a project's. A change of anything else
# cannot change what is deployed.
SOURCES = (
    "app.py",
    "cdk.json",
    "cdk.context.json",
    "requirements.txt",
    "stacks",
    "sluice",
    "pipelines",
    "lambdas",
    "containers",
    "console",
)
PROJECT_FILE = "sluice.toml"
PROJECT_SOURCES = (PROJECT_FILE, "pipelines", "containers")
OF_IMAGES = frozenset(
    {"Dockerfile", ".dockerignore", ".python-version", "requirements.txt", "requirements.in", "apt.txt"}
)
ENTRY = "app.py"
PROJECT = "SLUICE_PROJECT"
# The environment variables that app.py may read.
SETTINGS = ("ALERT_", "SLUICE_")
# Where alerts go when no other recipient is set: the local cloud keeps the messages and sends none.
NO_RECIPIENT = {"ALERT_EMAIL": "nobody@example.org", "ALERT_PHONE": "+15555550100"}
OWN = frozenset({"SLUICE_HOME", "SLUICE_IMAGES", PROJECT})
KEPT_ASSEMBLIES = 3


def assembly(paths: LocalCloudPaths, project: Path, retained: Mapping[str, str] | None = None) -> Path:
    """Return the cloud assembly of a project; it is synthesised unless it was before.

    `retained` are settings that name the job definitions that earlier deploys left.
    Raises LocalCloudError with what the CDK says when the app does not synthesise.
    """
    variables = {**os.environ, **(retained or {})}
    directory = home() / "synth" / digest(project, variables)
    if not directory.exists():
        building = directory.with_suffix(f".{paths.port}")
        shutil.rmtree(building, ignore_errors=True)
        given = settings(variables, project) | {PROJECT: str(project.resolve())}
        cdk.run(paths, ["synth", "--quiet", "--output", str(building)], app_of(project), given)
        _keep(building, directory)
    os.utime(directory)  # the ones that were used last are kept
    _forget_old(directory.parent)
    return directory


def app_of(project: Path) -> Path:
    """Return the directory with the app that synthesises a project: its own where it has one, else
    Sluice's.
    """
    return project if (project / ENTRY).is_file() else REPOSITORY


def _keep(building: Path, directory: Path) -> None:
    """Give a finished assembly its name, unless another process finished the same one meanwhile and may be
    using it.
    """
    try:
        building.rename(directory)
    except OSError:
        if not directory.exists():
            raise
        shutil.rmtree(building)


def settings(variables: Mapping[str, str], project: Path | None = None) -> dict[str, str]:
    """Return what the app is configured with: those of the variables that it reads, and whom it alerts where
    neither they nor the project's file say so.
    """
    written = settings_file(project) if project else {}
    unsaid = {name: value for name, value in NO_RECIPIENT.items() if name.lower() not in written}
    return unsaid | {
        name: value for name, value in variables.items() if name.startswith(SETTINGS) and name not in OWN
    }


def settings_file(project: Path) -> dict[str, Any]:
    """Return the settings of a project's file; what is wrong in it is said by the app that reads it."""
    try:
        return dict(tomllib.loads((project / PROJECT_FILE).read_text()).get("settings", {}))
    except (OSError, ValueError):
        return {}


def digest(project: Path, variables: Mapping[str, str]) -> str:
    """Return a digest of everything that synthesis reads: the app's sources, the project's, the settings."""
    total = hashlib.sha256(json.dumps(settings(variables, project), sort_keys=True).encode())
    for directory, sources in ((app_of(project), SOURCES), (project, PROJECT_SOURCES)):
        for path in _files(directory, sources):
            content = path.read_bytes()
            total.update(f"{path.relative_to(directory)}\0{len(content)}\0".encode() + content)
    return total.hexdigest()[:32]


def digests(project: Path, variables: Mapping[str, str]) -> dict[str, str]:
    """Return a digest of the code of each of the project's containers, and one of all the rest by the name
    `""`.

    What decides which packages an image has is no code: it is of the rest.
    """
    totals = {"": hashlib.sha256(json.dumps(settings(variables, project), sort_keys=True).encode())}
    for directory, sources in ((app_of(project), SOURCES), (project, PROJECT_SOURCES)):
        for path in _files(directory, sources):
            relative = path.relative_to(directory)
            total = totals.setdefault(
                _container_of(relative) if directory == project else "", hashlib.sha256()
            )
            content = path.read_bytes()
            total.update(f"{relative}\0{len(content)}\0".encode() + content)
    return {name: total.hexdigest()[:32] for name, total in totals.items()}


def _container_of(path: Path) -> str:
    """Return the container that a file of a project is the code of, `""` for other files."""
    is_code = len(path.parts) > 2 and path.parts[0] == "containers" and path.name not in OF_IMAGES
    return path.parts[1] if is_code else ""


def _files(directory: Path, sources: Iterable[str]) -> Iterable[Path]:
    for source in sources:
        path = directory / source
        found = sorted(path.rglob("*")) if path.is_dir() else [path]
        yield from (file for file in found if file.is_file() and "__pycache__" not in file.parts)


def _forget_old(assemblies: Path) -> None:
    finished = [path for path in assemblies.iterdir() if not path.suffix]
    for path in sorted(finished, key=lambda path: path.stat().st_mtime, reverse=True)[KEPT_ASSEMBLIES:]:
        shutil.rmtree(path, ignore_errors=True)
