"""botocore's models of services, read once for all tests of a process.

Each session of botocore lists its 400 folders and parses the JSON of each service that it makes a client of,
which it never changes: that would take longer than most tests.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest
from botocore.loaders import JSONFileLoader, Loader


def read_once(patch: pytest.MonkeyPatch) -> None:
    """Let all loaders share what they find."""
    read = cache(JSONFileLoader().load_file)
    find = Loader.list_available_services
    found: dict[tuple[str, ...], list[str]] = {}

    def shared(loader: Any, type_name: str) -> list[str]:
        key = (type_name, *loader.search_paths)
        if key not in found:
            found[key] = find(loader, type_name)
        return found[key]

    patch.setattr(JSONFileLoader, "load_file", lambda _, path: read(path))
    patch.setattr(Loader, "list_available_services", shared)
