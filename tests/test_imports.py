"""Imports run one way: from what is deployed or run towards the shared core, never back."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
MAY_IMPORT = {
    # Its harness for tests judges retries by AWS Batch's rules.
    "sluice": {"scheduler"},
    # What the examples import as `containers` is theirs, by the name that it has in their images.
    "examples": {"sluice", "containers"},
    "lambdas": {"sluice"},
    "containers": {"sluice"},
    "stacks": {"sluice"},
    # AWS Batch's rules and the local cloud over them are products of their own.
    "scheduler": set[str](),
    "local": {"scheduler"},
    # The page in the browser knows no cloud: whoever serves it hands in the clients.
    "console": {"sluice"},
    # The command stands on top: it starts local clouds, deploys and reads runs.
    "cli": {"sluice", "local", "stacks", "console"},
}
ABSENT_FROM_THE_CORE = {"aws_cdk", "constructs", "aws_lambda_powertools", "boto3", "moto", "ministack"}
HALL = "the hall"
ROOMS = (
    HALL,
    "aws",
    "triggers",
    "items",
    "run",
    "report",
    "ledger",
    "receipts",
    "ordering",
    "alerts",
    "advance",
    "grouping",
    "backfill",
    "catch_up",
    "sets",
    "runtime",
    "pipeline",
    "testing",
    "operate",
)
"""The packages of ``sluice`` in the order in which they may import one another."""
FACES = {"__init__", "steps", "mounts", "retry_rules", "secret_sources", "trigger"}
"""Modules of ``sluice`` that only hand on what users import: they stand in no order."""
PURE = {HALL, "run", "triggers"}


def imported(path: Path) -> Iterator[str]:
    """Yield the dotted names that a file imports, wherever in the file, for types alone included."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def files(folder: str) -> list[Path]:
    """Return the Python files below a folder of the repository."""
    found = sorted(path for path in (ROOT / folder).rglob("*.py") if "tests" not in path.parts[-2:-1])
    assert found
    return found


def room(path: Path) -> str:
    """Return the package of ``sluice`` that a file of it is in."""
    parts = path.relative_to(ROOT / "sluice").parts
    return parts[0] if len(parts) > 1 else HALL


def room_of(name: str) -> str:
    """Return the package of ``sluice`` that an imported name of it is in."""
    found = name.split(".")[1]
    return found if found in ROOMS else HALL


@pytest.mark.parametrize("folder", sorted(MAY_IMPORT))
def test_a_folder_imports_only_what_it_may(folder: str) -> None:
    """Each folder imports itself and what stands below it."""
    found = {
        (path.relative_to(ROOT), top)
        for path in files(folder)
        for name in imported(path)
        if (top := name.split(".")[0]) in MAY_IMPORT.keys() - {folder}
    }
    assert {(path, name) for path, name in found if name not in MAY_IMPORT[folder]} == set()


def test_every_package_of_the_core_has_its_place() -> None:
    """A package that the order does not know cannot be held to it."""
    assert {room(path) for path in files("sluice")} == set(ROOMS)


@pytest.mark.parametrize("here", ROOMS)
def test_a_package_of_the_core_imports_only_what_stands_before_it(here: str) -> None:
    """The order is strict: a package never imports one that stands behind it."""
    found = {
        (path.relative_to(ROOT), name)
        for path in files("sluice")
        if room(path) == here and not (here == HALL and path.stem in FACES)
        for name in imported(path)
        if name.startswith("sluice.")
    }
    assert {each for each in found if ROOMS.index(room_of(each[1])) > ROOMS.index(here)} == set()


@pytest.mark.parametrize("here", sorted(PURE))
def test_what_decides_knows_no_client(here: str) -> None:
    """The hall, triggers and ``run`` are pure: nothing in them imports botocore."""
    found = {
        (path.relative_to(ROOT), name)
        for path in files("sluice")
        if room(path) == here
        for name in imported(path)
        if name.split(".")[0] == "botocore"
    }
    assert found == set()


def test_only_what_a_user_writes_needs_pydantic() -> None:
    """No Lambda and no job imports it: ``sluice.pipeline`` alone does."""
    found = {
        room(path)
        for path in files("sluice")
        for name in imported(path)
        if name.split(".")[0].startswith("pydantic")
    }
    assert found == {"pipeline"}


def test_the_core_needs_no_cdk_and_no_powertools() -> None:
    """What Lambdas, jobs and stacks share imports nothing that only one of them has."""
    found = {(path.name, name.split(".")[0]) for path in files("sluice") for name in imported(path)}
    assert {(path, name) for path, name in found if name in ABSENT_FROM_THE_CORE} == set()


def test_the_scheduler_imports_the_standard_library_alone() -> None:
    """The rules of AWS Batch need nothing but Python."""
    found = {(path.name, name.split(".")[0]) for path in files("scheduler") for name in imported(path)}
    allowed = {"scheduler", *sys.stdlib_module_names}
    assert {(path, name) for path, name in found if name not in allowed} == set()


def test_nothing_imports_in_a_circle() -> None:
    """Neither when the code runs nor for its types: a circle is one module cut into two files."""
    modules = {
        ".".join(path.relative_to(ROOT).with_suffix("").parts): path
        for folder in MAY_IMPORT
        for path in files(folder)
    }
    graph = {name: _modules_of(path, modules) - {name} for name, path in modules.items()}
    assert _circles(graph) == []


def _modules_of(path: Path, modules: dict[str, Path]) -> set[str]:
    """Return the modules that a file imports; ``from a import b`` is a.b where that is a module."""
    return {
        module
        for name in imported(path)
        for module in [name if name in modules else name.rpartition(".")[0]]
        if module in modules
    }


def _circles(graph: dict[str, set[str]]) -> list[list[str]]:
    """Return the modules that remain when those without an import that remains are taken away, again and
    again.
    """
    left = {name: set(found) for name, found in graph.items()}
    while free := [name for name, found in left.items() if not found]:
        for name in free:
            del left[name]
        for found in left.values():
            found.difference_update(free)
    return [sorted(left)] if left else []
