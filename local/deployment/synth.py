"""Synthesises the app once for each state of its sources."""

import hashlib
import json
import os
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path

from local.deployment import cdk
from local.paths import LocalCloudPaths, home

# What the templates and assets are made of. A change of anything else cannot change what is deployed.
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
)
# The environment variables that app.py may read.
SETTINGS = ("ALERT_", "SLUICE_")
# Where alerts go when no other recipient is set: the local cloud keeps the messages and sends none.
NO_RECIPIENT = {"ALERT_EMAIL": "nobody@example.org", "ALERT_PHONE": "+15555550100"}
OWN = frozenset({"SLUICE_HOME", "SLUICE_IMAGES"})
KEPT_ASSEMBLIES = 3


def assembly(paths: LocalCloudPaths, app: Path, retained: Mapping[str, str] | None = None) -> Path:
    """Return the cloud assembly of the app in the directory `app`; it is synthesised unless it was before.

    `retained` are settings that name the job definitions that earlier deploys left.
    Raises LocalCloudError with what the CDK says when the app does not synthesise.
    """
    variables = {**os.environ, **(retained or {})}
    directory = home() / "synth" / digest(app, variables)
    if not directory.exists():
        building = directory.with_suffix(f".{paths.port}")
        shutil.rmtree(building, ignore_errors=True)
        cdk.run(paths, ["synth", "--quiet", "--output", str(building)], app, settings(variables))
        _keep(building, directory)
    os.utime(directory)  # the ones that were used last are kept
    _forget_old(directory.parent)
    return directory


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


def settings(variables: Mapping[str, str]) -> dict[str, str]:
    """Return what the app is configured with: those of the variables that it reads, and whom it alerts."""
    return NO_RECIPIENT | {
        name: value for name, value in variables.items() if name.startswith(SETTINGS) and name not in OWN
    }


def digest(app: Path, variables: Mapping[str, str]) -> str:
    """Return a digest of everything that synthesis reads: the sources below `app` and the settings."""
    total = hashlib.sha256(json.dumps(settings(variables), sort_keys=True).encode())
    for path in _files(app):
        content = path.read_bytes()
        total.update(f"{path.relative_to(app)}\0{len(content)}\0".encode() + content)
    return total.hexdigest()[:32]


def _files(app: Path) -> Iterable[Path]:
    for source in SOURCES:
        path = app / source
        found = sorted(path.rglob("*")) if path.is_dir() else [path]
        yield from (file for file in found if file.is_file() and "__pycache__" not in file.parts)


def _forget_old(assemblies: Path) -> None:
    finished = [path for path in assemblies.iterdir() if not path.suffix]
    for path in sorted(finished, key=lambda path: path.stat().st_mtime, reverse=True)[KEPT_ASSEMBLIES:]:
        shutil.rmtree(path, ignore_errors=True)
