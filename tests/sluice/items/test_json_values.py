"""What functions return beside JSON's own values, and what they may not."""

from __future__ import annotations

import json
import math
import uuid
from collections import Counter, OrderedDict, namedtuple
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum, IntEnum, StrEnum
from pathlib import Path, PureWindowsPath
from types import MappingProxyType
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some

from sluice.items.json_values import MAX_ARRAY_ITEMS, JsonValueError, json_value

Point = namedtuple("Point", "x y")


class Level(IntEnum):
    """A number with a name."""

    HIGH = 3


class Color(StrEnum):
    """A text with a name."""

    RED = "red"


class Mode(Enum):
    """A value with a name."""

    FAST = ("a", 1)


@pytest.mark.parametrize(
    ("value", "form"),
    [
        (np.int64(5), 5),
        (np.uint8(255), 255),
        (np.float64(0.5), 0.5),
        (np.float32(0.5), 0.5),
        (np.float16("inf"), math.inf),
        (np.bool_(True), True),
        (np.str_("ü"), "ü"),
        (np.array([1, 2]), [1, 2]),
        (np.array([[1.5, 2], [3, 4]]), [[1.5, 2.0], [3.0, 4.0]]),
        (np.array(7), 7),
        (np.array([], dtype=float), []),
        (np.array(["a", None], dtype=object), ["a", None]),
        (np.array([(1, 2.5)], dtype=[("a", int), ("b", float)]), [[1, 2.5]]),
        (np.datetime64("2026-01-31T09:00:00.000000001"), "2026-01-31T09:00:00.000000001"),
        (np.array(["2026-01-31"], dtype="datetime64[D]"), ["2026-01-31"]),
        (date(2026, 1, 31), "2026-01-31"),
        (datetime(2026, 1, 31, 9, tzinfo=UTC), "2026-01-31T09:00:00+00:00"),
        (time(9, 30), "09:30:00"),
        (Decimal("1.10"), "1.10"),
        (Path("a") / "b", "a/b"),
        (PureWindowsPath("a\\b"), "a\\b"),
        (uuid.UUID(int=5), "00000000-0000-0000-0000-000000000005"),
        (Level.HIGH, 3),
        (Color.RED, "red"),
        (Mode.FAST, ["a", 1]),
        (Point(1, np.int8(2)), [1, 2]),
        (Counter("aab"), {"a": 2, "b": 1}),
        (OrderedDict(a=Decimal(1)), {"a": "1"}),
        (MappingProxyType({"a": 1}), {"a": 1}),
        ({1: "a", None: "b", True + 1: "c", 0.5: "d"}, {"1": "a", "null": "b", "2": "c", "0.5": "d"}),
        ({np.int64(4): 1, date(2026, 1, 1): 2, Path("a"): 3}, {"4": 1, "2026-01-01": 2, "a": 3}),
        ({"a": [{"b": (np.int64(1), [Decimal(2)])}]}, {"a": [{"b": [1, ["2"]]}]}),
    ],
    ids=repr,
)
def test_values_have_their_form(value: Any, form: Any) -> None:
    """As the table of docs/steps.md has it, wherever they stand."""
    assert json.loads(json.dumps(json_value(value))) == form
    assert json.loads(json.dumps(json_value({"x": [value]}))) == {"x": [form]}


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ({1, 2}, r"set '\{1, 2\}'\. Return sorted"),
        (b"x", r"bytes .*Publish it with out\.write"),
        (np.bytes_(b"x"), r"bytes .*Publish it with out\.write"),
        (1 + 2j, r"complex .*Return \[value\.real, value\.imag\]"),
        (np.complex128(1), r"complex .*value\.imag"),
        (np.longdouble(1), "longdouble"),
        (np.timedelta64(5, "s"), "timedelta64"),
        (timedelta(5), "timedelta .*JSON's own types"),
        ((n for n in range(3)), r"generator .*Return list"),
        (range(3), r"range .*Return list"),
        (object(), "object .*JSON's own types"),
        (np.zeros(MAX_ARRAY_ITEMS + 1), r"ndarray of 10,001 items, more than 10,000\. Publish it"),
        ({("a", "b"): 1}, r"the key \"\('a', 'b'\)\", which is no text"),
        ({1: "a", "1": "b"}, "the keys 1 and '1', which are the same text"),
        ({None: "a", "null": "b"}, "the keys None and 'null', which are the same text"),
        ({date(2026, 1, 1): 1, "2026-01-01": 2}, "which are the same text"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_has_no_form_is_refused_where_it_stands(value: Any, problem: str) -> None:
    """With what to do instead; nothing merges in silence."""
    with pytest.raises(JsonValueError, match=problem) as alone:
        json_value(value)
    assert alone.value.place == ""
    with pytest.raises(JsonValueError, match=problem) as inside:
        json_value({"a": [0, {"b": value}]})
    assert inside.value.place == "['a'][1]['b']"


def test_a_value_in_itself_is_refused() -> None:
    """It has no end."""
    endless: list[Any] = []
    endless.append([endless])
    with pytest.raises(RecursionError):
        json_value(endless)


_JSON = some.recursive(
    some.none() | some.booleans() | some.integers() | some.floats(allow_nan=False) | some.text(),
    lambda inner: some.lists(inner) | some.dictionaries(some.text(), inner),
)


@given(_JSON)
def test_jsons_own_values_stay_as_they_are(value: Any) -> None:
    """Whatever they are."""
    assert json_value(value) == value


_KEYS = some.none() | some.booleans() | some.integers(-3, 3) | some.sampled_from(["1", "null", "true", "a"])


@given(some.dictionaries(_KEYS, some.integers()))
def test_no_key_is_lost(value: dict[Any, int]) -> None:
    """Each has a text of its own, or the mapping is refused."""
    try:
        found = json.loads(json.dumps(json_value(value)))
    except JsonValueError:
        assert len({json.dumps(key).strip('"') for key in value}) < len(value)
    else:
        assert sorted(found.values()) == sorted(value.values())
