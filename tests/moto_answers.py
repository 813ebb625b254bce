"""moto's answers, written without trying all the names that a value may have.

For each member of each structure moto asks its providers of names anew: an attribute of DynamoDB has ten
members, and is written by ten such searches, which took most of the time of tests with a ledger. What a
member of a ``dict`` may be called depends on the model alone, and so it is found once.
"""

from __future__ import annotations

from typing import Any

import pytest
from moto.core.serialize import (
    AttributePicker,
    AttributePickerContext,
    ResponseSerializer,
    XFormedAttributePicker,
)

SEARCH = ResponseSerializer.get_value
"""How moto finds a value by itself."""
_NAMES = "_names_of_the_tests"
_PICKERS = (AttributePicker, XFormedAttributePicker)


def find_names_once(patch: pytest.MonkeyPatch) -> None:
    """Let moto remember the names of each member of its models."""

    def get_value(serializer: Any, value: Any, key: str, shape: Any) -> Any:
        picker = serializer._value_picker
        known = type(value) is dict and type(picker) in _PICKERS
        if not known or picker.response_transformers or "." in key:
            return SEARCH(serializer, value, key, shape)
        for name in _names(picker, key, shape):
            if name in value:
                return value[name]
        return None

    patch.setattr(ResponseSerializer, "get_value", get_value)


def _names(picker: AttributePicker, key: str, shape: Any) -> tuple[str, ...]:
    """Return the names that a picker looks for in a ``dict``; they are kept with the shape, as long as it."""
    known = shape.__dict__.setdefault(_NAMES, {})
    by = (key, type(picker), *picker.alias_providers)
    if by not in known:
        context = AttributePickerContext(obj={}, key=key, shape=shape)
        known[by] = tuple(dict.fromkeys(picker.get_possible_keys(context)))
    names: tuple[str, ...] = known[by]
    return names
