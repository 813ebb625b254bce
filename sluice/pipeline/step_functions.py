"""The functions of a pipeline's ``steps.py``, read without importing it: its image may have packages that
this machine lacks.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from inspect import Parameter, Signature
from pathlib import Path

from sluice.pipeline.image_folder import CONTAINERS

Functions = Mapping[str, "StepSource"]
"""What a ``steps.py`` defines, by name."""


@dataclass(frozen=True, slots=True)
class StepSource:
    """Where a function is, such as ``containers/words/steps.py:12``, and what it takes.

    ``signature`` is None where only running the code would tell: for what a decorator or a call returns.
    ``imported_from`` is the module of another package that a name is only an import of.
    """

    where: str
    signature: Signature | None = None
    imported_from: str | None = None
    is_async: bool = False


def read_functions(root: Path, folder: str) -> Functions | None:
    """Return the functions of ``containers/<folder>/steps.py``, None without that file; raises SyntaxError or
    ValueError for what Python cannot read.
    """
    path = root / CONTAINERS / folder / "steps.py"
    return dict(_defined(root, path)) if path.is_file() else None


def _defined(root: Path, path: Path, depth: int = 0) -> Iterator[tuple[str, StepSource]]:
    name = path.relative_to(root).as_posix()
    for node in _top_level(ast.parse(path.read_bytes(), filename=name).body):
        where = f"{name}:{node.lineno}"
        if isinstance(node, ast.FunctionDef):
            yield node.name, StepSource(where, None if node.decorator_list else _signature(node.args))
        elif isinstance(node, ast.AsyncFunctionDef):
            yield node.name, StepSource(where, is_async=True)
        elif isinstance(node, ast.Assign):
            yield from (
                (target.id, _assigned(node.value, where))
                for target in node.targets
                if isinstance(target, ast.Name)
            )
        elif isinstance(node, ast.ImportFrom):
            yield from _imported(root, path, node, depth)


def _top_level(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """Yield the statements of a module, those in its ``if`` and ``try`` included."""
    for node in body:
        yield node
        if isinstance(node, ast.If | ast.Try):
            yield from _top_level([*node.body, *node.orelse])
            if isinstance(node, ast.Try):
                yield from _top_level([one for handler in node.handlers for one in handler.body])


def _assigned(value: ast.expr, where: str) -> StepSource:
    return StepSource(where, _signature(value.args) if isinstance(value, ast.Lambda) else None)


def _imported(root: Path, path: Path, node: ast.ImportFrom, depth: int) -> Iterator[tuple[str, StepSource]]:
    """Yield what an import brings: the project's own functions as they are, others as imports alone."""
    module = _module(root, path, node)
    file = root.joinpath(*module.split(".")).with_suffix(".py")
    own = dict(_defined(root, file, depth + 1)) if file.is_file() and depth < _MAX_DEPTH else {}
    where = f"{path.relative_to(root).as_posix()}:{node.lineno}"
    for alias in node.names:
        outside = StepSource(where, imported_from=module)
        yield alias.asname or alias.name, own.get(alias.name, outside)


_MAX_DEPTH = 5


def _module(root: Path, path: Path, node: ast.ImportFrom) -> str:
    """Return the dotted name of what is imported from, a relative one made whole."""
    if not node.level:
        return node.module or ""
    package = path.relative_to(root).parts[: -node.level]
    return ".".join([*package, *([node.module] if node.module else [])])


def _signature(args: ast.arguments) -> Signature:
    positional = [*args.posonlyargs, *args.args]
    without = len(positional) - len(args.defaults)
    found = [
        _parameter(
            one,
            Parameter.POSITIONAL_ONLY if number < len(args.posonlyargs) else Parameter.POSITIONAL_OR_KEYWORD,
            has_default=number >= without,
        )
        for number, one in enumerate(positional)
    ]
    if args.vararg:
        found.append(_parameter(args.vararg, Parameter.VAR_POSITIONAL))
    for one, default in zip(args.kwonlyargs, args.kw_defaults, strict=True):
        found.append(_parameter(one, Parameter.KEYWORD_ONLY, has_default=default is not None))
    if args.kwarg:
        found.append(_parameter(args.kwarg, Parameter.VAR_KEYWORD))
    return Signature(found)


def _parameter(one: ast.arg, kind: object, *, has_default: bool = False) -> Parameter:
    return Parameter(one.arg, kind, default=None if has_default else Parameter.empty)  # type: ignore[arg-type]
