"""Deprecated modules hand on their names with a warning."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import pytest

import sluice
from sluice.deprecated import moved


@pytest.mark.parametrize(
    "module", ["sluice.mounts", "sluice.retry_rules", "sluice.secret_sources", "sluice.pipeline"]
)
def test_a_deprecated_module_has_the_names_of_today(module: str) -> None:
    """They are the same objects."""
    found: Any = import_module(module)
    for name in found.__all__:
        with pytest.warns(DeprecationWarning, match=f"from sluice import {name}"):
            assert getattr(found, name) is getattr(sluice, name)


def test_an_unknown_name_is_an_attribute_error() -> None:
    """As in any module."""
    with pytest.raises(AttributeError, match="no attribute 'x'"):
        moved("m", {})("x")


def test_a_name_may_be_another_one_today() -> None:
    """The warning says what to write."""
    with pytest.warns(DeprecationWarning, match="from sluice.duration import seconds_of"):
        assert moved("m", {"old": "sluice.duration:seconds_of"})("old")("1m") == 60
