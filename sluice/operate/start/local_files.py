"""Checks files of this machine before they are uploaded."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path


def missing_file(path: Path) -> list[str]:
    """Return what is wrong with a path that is no file."""
    return [] if path.is_file() else [f"{path}: " + ("a folder" if path.is_dir() else "no such file")]


def repeated_names(paths: Sequence[Path]) -> list[str]:
    """Return a sentence for each name that several files have: one name is one object."""
    return [
        f"{name}: given {count} times, and one name is one object"
        for name, count in Counter(path.name for path in paths).items()
        if count > 1
    ]
