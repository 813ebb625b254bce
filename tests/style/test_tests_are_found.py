"""From any module its tests are found: by its name, or in the table of the others."""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
FOLDERS = ("sluice", "scheduler", "local", "lambdas", "stacks", "cli")
TABLE: dict[str, str] = tomllib.loads((ROOT / "tests" / "tested_through.toml").read_text())


def modules() -> Iterator[Path]:
    """Yield the modules of the product, by their paths in the repository."""
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*.py")):
            if path.name != "__init__.py" and "starter" not in path.parts:
                yield path.relative_to(ROOT)


def names(path: Path) -> set[str]:
    """Return the dotted names that a test file imports, and those that its docstring has."""
    tree = ast.parse(path.read_text())
    found = set((ast.get_docstring(tree) or "").replace("`", " ").split())
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
    return found


def is_found_by_name(module: Path) -> bool:
    """Return whether ``tests/<folder>/test_<module>.py`` is there, or a test file of that folder imports the
    module.
    """
    folder = ROOT / "tests" / module.parent
    if (folder / f"test_{module.stem.strip('_')}.py").exists():
        return True
    dotted = ".".join(module.with_suffix("").parts)
    return any(dotted in names(path) for path in folder.glob("test_*.py"))


def test_every_module_has_its_tests_where_its_name_says_or_the_table() -> None:
    """Whoever changes a module finds what must still hold."""
    missing = [str(path) for path in modules() if str(path) not in TABLE and not is_found_by_name(path)]
    assert missing == [], "give it a test file of its name, or an entry in tests/tested_through.toml"


def test_the_table_is_about_modules_and_tests_that_there_are() -> None:
    """An entry goes with its module, and when the module has tests of its own."""
    wrong = [
        module
        for module, test in TABLE.items()
        if not (ROOT / module).exists() or not (ROOT / test).exists() or is_found_by_name(Path(module))
    ]
    assert wrong == []
