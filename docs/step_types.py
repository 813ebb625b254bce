"""Writes what step functions are given, from its docstrings: the part of docs/steps.md that comes from
code.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from typing import Any

from sluice import steps


def text() -> str:
    """Return a section for each type that ``sluice.steps`` has, with its members."""
    kinds = [getattr(steps, name) for name in steps.__all__]
    return "\n" + "\n".join(line for kind in kinds if inspect.isclass(kind) for line in _section(kind)) + "\n"


def _section(kind: type) -> Iterator[str]:
    yield f"## {kind.__name__}\n"
    yield _prose(inspect.getdoc(kind) or "") + "\n"
    rows = list(_rows(kind))
    if rows:
        yield "| member | what it is |\n| --- | --- |"
        yield from rows
        yield ""


def _rows(kind: type) -> Iterator[str]:
    for name in filter(_is_documented, vars(kind)):
        member = inspect.getattr_static(kind, name)
        words = _prose(inspect.getdoc(member) or "")
        if isinstance(member, property):
            yield f"| `.{name}` | {words} |"
        elif inspect.isfunction(member):
            yield f"| `{_call(kind, name, member)}` | {words} |"
    if is_dataclass(kind) and kind.__module__.startswith("sluice.triggers"):
        yield from (f"| `.{field.name}` | a field |" for field in fields(kind))


def _is_documented(name: str) -> bool:
    is_inner = name.startswith("_") or name in ("to_dict", "identity")
    return name == "__call__" or not is_inner


def _call(kind: type, name: str, function: Any) -> str:
    parameters = list(inspect.signature(function).parameters.values())[1:]
    written = str(inspect.Signature([one.replace(annotation=inspect.Parameter.empty) for one in parameters]))
    return f"{kind.__name__.lower()}{written}" if name == "__call__" else f".{name}{written}"


def _prose(docstring: str) -> str:
    """Return a docstring as one line of Markdown."""
    return " ".join(docstring.replace("``", "`").split()).replace("|", "\\|")
