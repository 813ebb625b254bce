"""Which project a command is about: the nearest ``sluice.toml`` upwards, or what ``--project`` names."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from local.paths import REPOSITORY
from stacks.configuration import Configuration
from stacks.project import FILE, VARIABLE, Project, ProjectError, nearest_project, read_project

EXAMPLES = REPOSITORY / "examples"
"""The project with the course's pipelines: what the demo, the benchmarks and the end-to-end tests deploy."""


def current_project() -> Project:
    """Return the project; raises ProjectError when there is none, or its file has mistakes."""
    found = _root()
    if found is None:
        raise ProjectError(
            f"Expected a {FILE} in {Path.cwd()} or in a folder above it, found none. `sluice init DIR` writes"
            " a project; --project DIR names one."
        )
    return read_project(found)


def configuration(environment: Mapping[str, str] = os.environ) -> Configuration:
    """Return the settings of the environment, and below them those of the project, if there is one."""
    found = _root()
    project = read_project(found) if found else Project(root=Path.cwd())
    return Configuration.read(lambda _: None, project.variables(environment))


def choose_project(folder: str) -> None:
    """Let every command of this process, and what it starts, be about the project in a folder; raises
    ProjectError when there is none.
    """
    root = Path(folder).resolve()
    if not (root / FILE).is_file():
        raise ProjectError(
            f"Expected a project in {root}, found no {FILE}. `sluice init {folder}` writes one."
        )
    os.environ[VARIABLE] = str(root)


def _root() -> Path | None:
    named = os.environ.get(VARIABLE)
    return Path(named).resolve() if named else nearest_project(Path.cwd().resolve())
