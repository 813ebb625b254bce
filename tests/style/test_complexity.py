"""Functions stay small: radon's count, with ``and``, ``or`` and comprehensions, is at most ten."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

from radon.complexity import cc_visit
from radon.visitors import Class, Function

ROOT = Path(__file__).parents[2]
MAX_COMPLEXITY = 10
MAX_FILES = 14
"""About a dozen; more is two ideas in one folder."""
LARGER = {
    # The pure core is one package by design; its parts are listed in sluice/run/__init__.py.
    "sluice/run": 20,
    "tests/sluice/run": 17,
    # The hall, and the modules that only hand on names of before.
    "sluice": 17,
    # The crash matrix.
    "benchmarks": 20,
    "tests/matrix": 29,
    # What stacks give a job: one file a member of its definition, and its roles.
    "stacks/blocks/jobs": 16,
    # The harness for a project's own tests: one file for each thing that it stands for.
    "sluice/testing": 17,
    # A pipeline's definition: what an author writes, one file for each kind of thing.
    "sluice/pipeline": 16,
    # One file for each pipeline of the course.
    "examples/tests": 15,
    "tests/e2e/pipelines": 15,
    "cli": 16,
    "tests/cli": 20,
    "tests/sluice": 17,
    "tests/sluice/runtime": 26,
    "tests/stacks": 22,
    "tests/stacks/blocks/jobs": 16,
}


def tracked() -> list[Path]:
    """Return the Python files that git tracks."""
    listed = subprocess.run(
        ["git", "ls-files", "*.py"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    return [Path(name) for name in listed.splitlines() if (ROOT / name).exists()]


def functions(path: Path) -> Iterator[Function]:
    """Yield the functions and methods of a file."""
    # An assertion of a test is no branch of it.
    for block in cc_visit((ROOT / path).read_text(), no_assert=path.parts[0] == "tests"):
        yield from block.methods if isinstance(block, Class) else [block]


def test_no_function_is_too_complex() -> None:
    """Cut it into steps that have names."""
    found = {
        f"{path}:{one.lineno} {one.name}": one.complexity
        for path in tracked()
        for one in functions(path)
        if one.complexity > MAX_COMPLEXITY
    }
    assert found == {}


def test_no_folder_is_crowded() -> None:
    """A folder of many files is two rooms without a wall."""
    files: dict[str, int] = {}
    for path in tracked():
        if path.name != "__init__.py":
            files[str(path.parent)] = files.get(str(path.parent), 0) + 1
    found = {folder: count for folder, count in files.items() if count > LARGER.get(folder, MAX_FILES)}
    assert found == {}
