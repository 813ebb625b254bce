"""What a step's function returns, as JSON has it: beside JSON's own values numpy's, dates, decimals, paths.

docs/steps.md has the table. What has no form there is refused, with the place where it stands; two keys that
would become the same text are refused, too, and never merged.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import date, time
from decimal import Decimal
from enum import Enum
from pathlib import PurePath
from typing import Any
from uuid import UUID

MAX_ARRAY_ITEMS = 10_000
"""A larger array of numpy is a file: as JSON it takes about ten times its bytes."""
_PLAIN = frozenset({str, int, float, bool, type(None)})
_TEXTS: tuple[type, ...] = (date, time, PurePath, UUID, Decimal)
_DATE_OF_NUMPY, _DURATION_OF_NUMPY = "M", "m"
_ADVICE: tuple[tuple[type | tuple[type, ...], str], ...] = (
    ((set, frozenset), "Return sorted(…), a list."),
    ((bytes, bytearray, memoryview), "Publish it with out.write, and return its name."),
    (complex, "Return [value.real, value.imag]."),
)


class JsonValueError(ValueError):
    """A value that JSON does not have; ``place`` says where it stands, such as ``['a'][3]``."""

    def __init__(self, problem: str, place: str = "") -> None:
        self.problem, self.place = problem, place
        super().__init__(f"{problem} at {place}" if place else problem)

    def within(self, key: object) -> JsonValueError:
        """Return the same of a value that this one stands in, below a key."""
        return JsonValueError(self.problem, f"[{key!r}]{self.place}")


def json_value(value: Any) -> Any:
    """Return a value in JSON's own types, the value itself where it has no others.

    Raises JsonValueError, and RecursionError for a value that is in itself.
    """
    if type(value) in _PLAIN:
        return value
    if isinstance(value, Mapping):
        return _mapping(value)
    if isinstance(value, list | tuple):
        return _list(value)
    return _other(value)


def _mapping(value: Mapping[Any, Any]) -> Any:
    has_plain_keys = set(map(type, value)) <= {str}
    if has_plain_keys and isinstance(value, dict) and set(map(type, value.values())) <= _PLAIN:
        return value
    texts = value if has_plain_keys else _keys(value)
    return {text: _within(key, value[key]) for text, key in zip(texts, value, strict=True)}


def _keys(value: Mapping[Any, Any]) -> list[str]:
    """Return the keys as texts, each another one."""
    texts: dict[str, Any] = {}
    for key in value:
        text = _key(key)
        if text in texts:
            raise JsonValueError(f"the keys {texts[text]!r} and {key!r}, which are the same text in JSON")
        texts[text] = key
    return list(texts)


def _key(key: Any) -> str:
    plain = json_value(key)
    if isinstance(plain, str):
        return str(plain)
    if plain is None or isinstance(plain, int | float):
        return json.dumps(plain)
    raise JsonValueError(f"the key {str(key)[:100]!r}, which is no text in JSON")


def _list(value: list[Any] | tuple[Any, ...]) -> Any:
    if set(map(type, value)) <= _PLAIN:
        return value
    return [_within(number, one) for number, one in enumerate(value)]


def _within(key: object, value: Any) -> Any:
    try:
        return json_value(value)
    except JsonValueError as error:
        raise error.within(key) from None


def _other(value: Any) -> Any:
    """Return what stands for a value that is none of JSON's."""
    if isinstance(value, Enum):
        return json_value(value.value)
    if type(value).__module__.partition(".")[0] == "numpy":
        return _of_numpy(value)
    if isinstance(value, _TEXTS):
        return value.isoformat() if isinstance(value, date | time) else str(value)
    if isinstance(value, str | int | float):
        return value
    raise JsonValueError(_found(value))


def _of_numpy(value: Any) -> Any:
    """Return numpy's scalars and arrays as Python's; numpy is not imported, whoever returns one has it."""
    kind = getattr(getattr(value, "dtype", None), "kind", "")
    if kind in ("", _DURATION_OF_NUMPY):  # A duration would lose its unit.
        raise JsonValueError(_found(value))
    if value.size > MAX_ARRAY_ITEMS:
        raise JsonValueError(
            f"{type(value).__name__} of {value.size:,} items, more than {MAX_ARRAY_ITEMS:,}. Publish it with"
            " out.open, and return its name."
        )
    plain = (value.astype(str) if kind == _DATE_OF_NUMPY else value).tolist()
    if type(plain) is type(value):  # A number that Python does not have, such as a long double.
        raise JsonValueError(_found(value))
    return json_value(plain)


def _found(value: Any) -> str:
    return f"{type(value).__name__} {str(value)[:100]!r}. {_advice(value)}"


def _advice(value: Any) -> str:
    known = next((words for kinds, words in _ADVICE if isinstance(value, kinds)), None)
    if known is None and isinstance(value, Iterable):
        return "Return list(…)."
    return known or "Return it in JSON's own types, such as a dict of texts and numbers."
