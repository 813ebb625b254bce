"""What a check has found: how it is, and what to do where it is not well."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """How bad a finding is."""

    OK = "ok"
    NOT_CHECKED = "not checked"
    """It could not be checked, and why; that is no sign of health."""
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was checked: how it is, and the fix where it is not well."""

    level: Level
    text: str
    fix: str = ""


_NOT_CHECKED = "Not checked: "


def refused(why: str, fix: str) -> Finding:
    """Return that a call was refused or not answered, without which nothing can be said."""
    return warning(f"{_NOT_CHECKED}{why}", fix)


def is_refused(finding: Finding) -> bool:
    """Return whether nothing could be checked, for a call was refused or not answered."""
    return finding.text.startswith(_NOT_CHECKED)


def ok(text: str) -> Finding:
    """Return that something is well."""
    return Finding(Level.OK, text)


def not_checked(why: str, fix: str = "") -> Finding:
    """Return that something could not be checked."""
    return Finding(Level.NOT_CHECKED, why, fix)


def warning(text: str, fix: str) -> Finding:
    """Return what delays something, or may."""
    return Finding(Level.WARNING, text, fix)


def error(text: str, fix: str) -> Finding:
    """Return what prevents something from working."""
    return Finding(Level.ERROR, text, fix)
