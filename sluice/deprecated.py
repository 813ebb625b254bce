"""Deprecated names of modules: they work, and warn."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any


def moved(module: str, names: Mapping[str, str]) -> Callable[[str], Any]:
    """Return the ``__getattr__`` of a module whose names moved; ``names`` gives the module of each today.

    ``names`` has ``module:name`` for a name that is another today. ``__all__`` has them all, so that
    ``import *`` works. The warning stands at the line that imports.
    """

    def __getattr__(name: str) -> Any:  # noqa: N807 - what a module calls it
        if name == "__all__":
            return sorted(names)
        if name not in names:
            raise AttributeError(f"module {module!r} has no attribute {name!r}")
        where, _, renamed = names[name].partition(":")
        renamed = renamed or name
        warnings.warn(
            f"{module}.{name} is deprecated: use `from {where} import {renamed}`.",
            DeprecationWarning,
            stacklevel=2,
        )
        return getattr(import_module(where), renamed)

    return __getattr__
