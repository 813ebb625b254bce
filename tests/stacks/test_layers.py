"""The packages of ``stacks.blocks`` import one another in one direction, and nothing in ``stacks`` reads the
environment.
"""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.test_imports import ROOT, imported

BLOCKS = ROOT / "stacks" / "blocks"
ORDER = (
    "storage",
    "machines",
    "monitoring",
    "functions",
    "consumers",
    "triggers",
    "large_graphs",
    "jobs",
    "backfills",
    "webhook",
    "console",
)
"""Each package imports only those before it."""
STACKS = {"stacks.compute", "stacks.control", "stacks.pipelines", "stacks.storage"}


def test_every_package_has_its_place_in_the_order() -> None:
    """A package that is not in the order could not be held to it."""
    assert {path.name for path in BLOCKS.iterdir() if (path / "__init__.py").exists()} == set(ORDER)
    assert [path.name for path in BLOCKS.glob("*.py")] == ["__init__.py"]


@pytest.mark.parametrize("package", ORDER)
def test_a_package_imports_only_packages_before_it_and_no_stack(package: str) -> None:
    """What belongs together stands together: no package needs a later one."""
    names = {name for path in (BLOCKS / package).glob("*.py") for name in imported(path)}
    used = {name.split(".")[2] for name in names if name.startswith("stacks.blocks.")}
    assert used <= set(ORDER[: ORDER.index(package) + 1])
    assert not [name for name in names if name.rpartition(".")[0] in STACKS]


@pytest.mark.parametrize("path", sorted((ROOT / "stacks").rglob("*.py")), ids=str)
def test_nothing_below_app_reads_the_environment(path: Path) -> None:
    """``app.py`` reads it once and passes the settings on."""
    assert not [name for name in imported(path) if name.split(".")[0] == "os"]
    assert not [node for node in ast.walk(ast.parse(path.read_text())) if _is_context_look_up(node)]


def _is_context_look_up(node: ast.AST) -> bool:
    return isinstance(node, ast.Attribute) and node.attr in {"environ", "getenv", "try_get_context"}
