"""Compares texts with those that are kept in ``tests/screen/expected``, as a whole.

``UPDATE_SCREENS=1`` writes them anew; what changed is then read in the difference.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from difflib import unified_diff
from pathlib import Path

_FOLDER = Path(__file__).parent / "expected"
_RULE = "\n" + "·" * 40 + "\n"


def assert_as_expected(name: str, screens: Iterable[Sequence[str]], folder: Path = _FOLDER) -> None:
    """Compare screens, each a list of lines, with those that are kept in the folder under this name."""
    found = _RULE.join("\n".join(lines) for lines in screens) + "\n"
    file = folder / f"{name}.txt"
    if os.environ.get("UPDATE_SCREENS"):
        folder.mkdir(exist_ok=True)
        file.write_text(found)
    expected = file.read_text()
    difference = "\n".join(unified_diff(expected.splitlines(), found.splitlines(), "expected", "found"))
    assert found == expected, f"{name} looks different: UPDATE_SCREENS=1 writes it anew.\n{difference}"
