"""The table of rules names files and tests that exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

_ROOT = Path(__file__).parents[3]
_PAGE = (_ROOT / "docs" / "batch-engine.md").read_text()
_ROWS = re.findall(r"^\| .+? \| `([\w./]+)` \| `([\w./]+)::(\w+)` \| (.+) \|$", _PAGE, re.MULTILINE)


def test_every_row_has_all_its_parts() -> None:
    """Each line of the tables is a rule, a file, a test and a source."""
    rules = _PAGE.partition("## The rules")[2].partition("## Fault injection")[0]
    rows = [
        line
        for line in rules.splitlines()
        if line.startswith("| ") and "---" not in line and "| in |" not in line
    ]
    assert len(rows) == len(_ROWS) > 40


def test_the_files_and_tests_of_the_table_exist() -> None:
    """Each file and each test that the page names is there."""
    for module, test_file, test, _ in _ROWS:
        assert (_ROOT / module).is_file(), module
        text = (_ROOT / test_file).read_text()
        assert f"def {test}(" in text, f"{test_file}::{test}"


def test_the_sources_are_links() -> None:
    """Each source is a link, or the rule is ours."""
    assert all(source == "ours" or "](https://" in source for *_, source in _ROWS)


@pytest.mark.parametrize("code", re.findall(r"```python\n(.*?)```", _PAGE, re.DOTALL))
def test_the_examples_run(code: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Each example of the page runs as it stands, and prints something."""
    exec(compile(code, "docs/batch-engine.md", "exec"), {})  # noqa: S102 - the page's own code
    assert capsys.readouterr().out
