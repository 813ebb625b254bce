"""Imports run one way: from what is deployed or run towards the shared vocabulary, never back."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FOLDERS = {"sluice", "pipelines", "lambdas", "containers", "stacks", "scheduler", "local", "cli"}
MAY_IMPORT = {
    "sluice": set[str](),
    "pipelines": {"sluice"},
    "lambdas": {"sluice"},
    "containers": {"sluice"},
    "stacks": {"sluice"},
    # AWS Batch's rules, pure: a product of its own, as is the local cloud over it.
    "scheduler": set[str](),
    "local": {"scheduler"},
    # The command stands on top: it starts local clouds, deploys and reads runs.
    "cli": {"sluice", "local", "stacks"},
}
ABSENT_FROM_THE_VOCABULARY = {"aws_cdk", "constructs", "aws_lambda_powertools", "boto3", "moto", "ministack"}


def imported(path: Path) -> Iterator[str]:
    """Yield the top-level names that a file imports, wherever in the file."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.split(".")[0]


@pytest.mark.parametrize("folder", sorted(FOLDERS))
def test_a_folder_imports_only_what_it_may(folder: str) -> None:
    """Each folder imports itself and what stands below it."""
    files = list((ROOT / folder).rglob("*.py"))
    assert files
    found = {
        (path.relative_to(ROOT), name)
        for path in files
        for name in imported(path)
        if name in FOLDERS - {folder}
    }
    assert {(path, name) for path, name in found if name not in MAY_IMPORT[folder]} == set()


def test_the_vocabulary_needs_no_cdk_and_no_powertools() -> None:
    """What Lambdas, jobs and stacks share imports nothing that only one of them has."""
    found = {(path.name, name) for path in (ROOT / "sluice").rglob("*.py") for name in imported(path)}
    assert {(path, name) for path, name in found if name in ABSENT_FROM_THE_VOCABULARY} == set()


def test_the_scheduler_imports_the_standard_library_alone() -> None:
    """The rules of AWS Batch need nothing but Python."""
    found = {(path.name, name) for path in (ROOT / "scheduler").rglob("*.py") for name in imported(path)}
    allowed = {"scheduler", *sys.stdlib_module_names}
    assert {(path, name) for path, name in found if name not in allowed} == set()
