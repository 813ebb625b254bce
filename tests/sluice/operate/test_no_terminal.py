"""What people read and do is free of terminals: a page in the browser uses the same functions."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.test_imports import ROOT, files, imported

TERMINAL = {"argparse", "rich", "sys", "curses", "getpass"}


def test_nothing_imports_what_a_terminal_needs() -> None:
    """Neither its command line, nor its colours, nor its exit codes."""
    found = {
        (path.relative_to(ROOT), name)
        for path in files("sluice/operate")
        for name in imported(path)
        if name.split(".")[0] in TERMINAL
    }
    assert found == set()


def test_nothing_prints_or_asks() -> None:
    """Results are returned, and errors are raised."""
    found = {(path.relative_to(ROOT), name) for path in files("sluice/operate") for name in _called(path)}
    assert {each for each in found if each[1] in ("print", "input", "exit")} == set()


def _called(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            yield node.func.id
