"""A number has the noun that it takes."""

from __future__ import annotations

import pytest

from sluice.counted import counted


@pytest.mark.parametrize(
    ("count", "text"), [(0, "0 files"), (1, "1 file"), (2, "2 files"), (12_000, "12,000 files")]
)
def test_one_is_singular_and_all_else_plural(count: int, text: str) -> None:
    """With the thousands apart."""
    assert counted(count, "file") == text


@pytest.mark.parametrize(("count", "text"), [(1, "1 child"), (3, "3 children")])
def test_a_plural_may_be_given(count: int, text: str) -> None:
    """Where it is not the singular with an s."""
    assert counted(count, "child", "children") == text
