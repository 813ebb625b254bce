"""The names in a step's ``after``."""

from __future__ import annotations

from sluice.pipeline.after import After, always, finished, names_of, needed

AFTER: list[After] = ["a", finished("b", at_least=0.5), always("c"), "a"]


def test_all_parents_have_names() -> None:
    """Each once, in their order."""
    assert names_of(AFTER) == ("a", "b", "c")


def test_only_plain_names_must_have_succeeded() -> None:
    """The failures of the others are tolerated."""
    assert needed(AFTER) == ("a",)
