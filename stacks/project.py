"""A project: the folder that a team owns and deploys, with its settings in ``sluice.toml``."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from sluice.errors import SluiceError
from stacks.configuration import Configuration, variable

FILE = "sluice.toml"
VARIABLE = "SLUICE_PROJECT"
SETTINGS = "Sluice::Settings"
"""Where the template of the control stack keeps what was chosen: the next deploy compares."""
_SETTINGS, _SLUICE = "settings", "sluice"
_TABLES = {_SETTINGS: frozenset(one.name for one in fields(Configuration)), _SLUICE: {"source", "version"}}


class ProjectError(SluiceError):
    """A project cannot be found, or its sluice.toml has mistakes; all of them are listed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """A folder with ``pipelines/``, ``containers/`` and ``tests/``; ``settings`` are texts, as variables of
    the environment are, and one that is empty says that the setting is left out on purpose.
    """

    root: Path
    settings: Mapping[str, str] = field(default_factory=dict)
    source: str | None = None
    version: str | None = None

    def variables(self, environment: Mapping[str, str]) -> dict[str, str]:
        """Return the environment with the settings of the file below it: what is set there wins."""
        written = {variable(name): text for name, text in self.settings.items()}
        return written | {name: text for name, text in environment.items() if text.strip()}

    def names(self, setting: str, environment: Mapping[str, str]) -> bool:
        """Return whether the file or the environment says something of a setting."""
        return setting in self.settings or bool(environment.get(variable(setting), "").strip())


def nearest_project(folder: Path) -> Path | None:
    """Return the folder with a ``sluice.toml`` that is this one or the first above it, None without."""
    found = (one for one in (folder, *folder.parents) if (one / FILE).is_file())
    return next(found, None)


def read_project(root: Path) -> Project:
    """Return the project in a folder; without a ``sluice.toml`` it has no settings.

    Raises ProjectError with every mistake of the file.
    """
    path = root / FILE
    if not path.is_file():
        return Project(root=root)
    try:
        tables = tomllib.loads(path.read_text())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ProjectError(f"{path}: expected TOML, found: {error}.") from error
    mistakes = list(_mistakes(tables))
    if mistakes:
        raise ProjectError("\n".join([f"{path} has mistakes:", *(f"  - {mistake}" for mistake in mistakes)]))
    sluice = tables.get(_SLUICE, {})
    return Project(
        root=root,
        settings={name: _text(value) for name, value in tables.get(_SETTINGS, {}).items()},
        source=sluice.get("source"),
        version=sluice.get("version"),
    )


def chosen_settings(configuration: Configuration, text_of: Callable[[str], str]) -> dict[str, str]:
    """Return what was said of the settings that are not at their defaults, as texts by their names."""
    return {
        one.name: text_of(one.name)
        for one in fields(Configuration)
        if getattr(configuration, one.name) != one.default
    }


def _mistakes(tables: Mapping[str, Any]) -> Iterable[str]:
    for name, table in tables.items():
        if name not in _TABLES or not isinstance(table, dict):
            yield f"expected the tables [{_SETTINGS}] and [{_SLUICE}], found {name!r}."
            continue
        for key, value in table.items():
            if key not in _TABLES[name]:
                yield f"[{name}] {key}: expected {_known(name, key)}"
            elif not _is_plain(value):
                yield f"[{name}] {key}: expected a text, a number, true, false or a list, found {value!r}."


def _known(table: str, key: str) -> str:
    nearest = get_close_matches(key, _TABLES[table], n=1)
    suggested = f"; did you mean {nearest[0]!r}?" if nearest else "."
    return f"a setting of docs/settings.md{suggested}" if table == _SETTINGS else "source or version."


def _is_plain(value: Any) -> bool:
    if isinstance(value, list):
        return all(isinstance(one, str) for one in value)
    return isinstance(value, str | bool | int)


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return ",".join(value) if isinstance(value, list) else str(value)
