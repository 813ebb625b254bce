"""Checks the fields of triggers and steps one by one: their types, patterns and bounds."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any, get_type_hints

from pydantic import TypeAdapter, ValidationError

from sluice.errors import Mistake

# What to do about a mistake, by what pydantic calls it.
_FIXES = {
    "string_pattern_mismatch": "Use only the characters that the pattern allows.",
    "too_short": "Give it a member.",
    "string_too_long": "Shorten it.",
    "string_too_short": "Give it a value.",
    "greater_than_equal": "Raise it.",
    "less_than_equal": "Lower it.",
    "literal_error": "Choose one of these.",
}


def listed(value: object) -> list[Any]:
    """Return the members of a list or a tuple, and nothing of anything else."""
    return list(value) if isinstance(value, list | tuple) else []


def of_type(value: object, kind: type) -> bool:
    """Return whether a value is of a type, and not empty."""
    return isinstance(value, kind) and bool(value)


def is_number(value: object) -> bool:
    """Return whether a value is a number; a bool is none."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def where(field: str, thing: object, number: int) -> str:
    """Return how a mistake names a trigger or a step: by its name, or by its number in the list."""
    name = getattr(thing, "name", None)
    return f"{field}[{name!r}]" if isinstance(name, str) and name else f"{field}[{number}]"


def check_fields(place: str, thing: object, kinds: tuple[type, ...]) -> Iterator[Mistake]:
    """Yield what is wrong with a thing that should be of one of these classes."""
    if not isinstance(thing, kinds):
        expected = " or ".join(kind.__name__ for kind in kinds)
        yield Mistake(place, expected, repr(thing), f"Write {kinds[0].__name__}(...) here.")
        return
    kind: Any = type(thing)
    for field, adapter in _adapters(kind).items():
        yield from checked(f"{place}.{field}", adapter, getattr(thing, field))


@cache
def _adapters(kind: Any) -> dict[str, TypeAdapter[Any]]:
    """Return the adapter of each field of a class: pydantic takes an instance as a whole as checked."""
    return {
        name: TypeAdapter(annotation)
        for name, annotation in get_type_hints(kind, include_extras=True).items()
    }


def _part(part: int | str) -> str:
    """Return a part of a place as Python writes it; what pydantic calls a type's alternatives is none."""
    if isinstance(part, int):
        return f"[{part}]"
    return f".{part}" if part.isidentifier() else ""


def checked(place: str, adapter: TypeAdapter[Any], value: object) -> Iterator[Mistake]:
    """Yield what is wrong with one value."""
    try:
        adapter.validate_python(value, strict=True)
    except ValidationError as error:
        for problem in error.errors():
            field = place + "".join(map(_part, problem["loc"]))
            expected = problem["msg"].removeprefix("Input should be ").removeprefix("String should ")
            yield Mistake(
                field, expected, repr(problem["input"]), _FIXES.get(problem["type"], "Change its type.")
            )


LEADS_UP_FIX = (
    "Write the folder itself: to S3, .. is a name like any other, and programs that copy files take it for"
    " the folder above."
)


def leads_up(key: str) -> bool:
    """Return whether a part of a key is ``..``."""
    return ".." in key.split("/")
