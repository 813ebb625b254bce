"""The table of rules names files and tests that exist."""

from __future__ import annotations

import re
from pathlib import Path

_ROOT = Path(__file__).parents[3]
_PAGE = (_ROOT / "docs" / "batch-engine.md").read_text()
_ROWS = re.findall(r"^\| .+? \| `([\w./]+)` \| `([\w.]+)::(\w+)` \| (.+) \|$", _PAGE, re.MULTILINE)


def test_every_row_has_all_its_parts() -> None:
    """Each line of the tables is a rule, a file, a test and a source."""
    rows = [line for line in _PAGE.splitlines() if line.startswith("| ") and "---" not in line and "| in |" not in line]
    assert len(rows) == len(_ROWS) > 40


def test_the_files_and_tests_of_the_table_exist() -> None:
    """Each file and each test that the page names is there."""
    for module, test_file, test, _ in _ROWS:
        assert (_ROOT / "local" / "batch" / module).is_file(), module
        text = (Path(__file__).parent / test_file).read_text()
        assert f"def {test}(" in text, f"{test_file}::{test}"


def test_the_sources_are_links() -> None:
    """Each source is a link, or the rule is ours."""
    assert all(source == "ours" or "](https://" in source for *_, source in _ROWS)
