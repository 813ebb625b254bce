"""Writes console/contract as TypeScript: ``python -m tests.console.page.typescript`` renews the file.

The page and its server have one contract; the compiler of the page reads this copy of it.
"""

from __future__ import annotations

import dataclasses
import inspect
import types
import typing
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from console import contract

FILE = Path(__file__).parents[3] / "console" / "page" / "src" / "api" / "contract.ts"
_HEAD = "/** What the page and its server say to each other. Written from console/contract, not by hand. */\n"
_SCALARS = {
    str: "string",
    int: "number",
    float: "number",
    bool: "boolean",
    types.NoneType: "null",
    Any: "unknown",
}


def written() -> str:
    """Return the text of the TypeScript file."""
    classes = [one for _, one in inspect.getmembers(contract, dataclasses.is_dataclass)]
    parts = [_interface(one) for one in sorted(classes, key=_place) if isinstance(one, type)]
    return "\n".join([_HEAD, *parts])


def _place(one: object) -> tuple[str, int]:
    """Return in which module a class stands, and where."""
    found = typing.cast(type, one)
    return found.__module__, inspect.getsourcelines(found)[1]


def _interface(one: type) -> str:
    hints = typing.get_type_hints(one)
    return "\n".join([f"export interface {one.__name__} {{", *_members(hints), "}\n"])


def _members(hints: Mapping[str, Any]) -> Iterator[str]:
    yield from (f"  {name}: {_type(hint)};" for name, hint in hints.items())


def _type(hint: Any) -> str:
    if hint in _SCALARS:
        return _SCALARS[hint]
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in (types.UnionType, typing.Union):
        return " | ".join(_type(one) for one in arguments)
    if origin is tuple:
        return _tuple(arguments)
    if origin is Mapping:
        return f"Readonly<Record<{_type(arguments[0])}, {_type(arguments[1])}>>"
    return str(hint.__name__)


def _tuple(arguments: tuple[Any, ...]) -> str:
    if arguments[-1] is not Ellipsis:
        return f"readonly [{', '.join(map(_type, arguments))}]"
    inner = _type(arguments[0])
    return (
        f"readonly ({inner})[]"
        if " " in inner and not inner.startswith("readonly")
        else f"readonly {_of(inner)}[]"
    )


def _of(inner: str) -> str:
    return f"({inner})" if inner.startswith("readonly") else inner


if __name__ == "__main__":
    FILE.write_text(written())
