"""What calls AWS says which calls: a client's type is a Protocol, never ``Any``."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
FOLDERS = ("sluice", "local", "lambdas", "containers", "stacks", "cli")
SERVICES = {"client", "s3", "sns", "sqs", "batch", "dynamodb", "events", "logs", "ssm", "secretsmanager"}


def untyped(path: Path) -> Iterator[str]:
    """Yield the parameters and attributes named after a client whose type is ``Any``."""
    for node in ast.walk(ast.parse(path.read_text())):
        name, annotation = _annotated(node)
        if name.strip("_") in SERVICES and annotation == "Any":
            yield f"{path.relative_to(ROOT)}:{getattr(node, 'lineno', 0)} {name}"


def _annotated(node: ast.AST) -> tuple[str, str]:
    if isinstance(node, ast.arg) and node.annotation is not None:
        return node.arg, ast.unparse(node.annotation)
    if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
        return node.target.id, ast.unparse(node.annotation)
    return "", ""


def test_no_client_is_any() -> None:
    """A test's fake has the calls that the Protocol names, and no more is needed to read the code."""
    paths = [path for folder in FOLDERS for path in sorted((ROOT / folder).rglob("*.py"))]
    assert [found for path in paths for found in untyped(path)] == []
