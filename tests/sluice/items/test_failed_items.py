"""What is read of the parts of failed items."""

from __future__ import annotations

from sluice.items.failed_items import FailedItem, each_once


def _line(number: int) -> bytes:
    failed = FailedItem(number=number, value="{}", error="ValueError", message="a", child=0, attempt=1)
    return failed.to_line().encode()


def test_an_item_that_stands_in_two_parts_is_one() -> None:
    """As where the answer to the writing of the first was lost."""
    assert [one.number for one in each_once([_line(1), _line(1) + _line(2)])] == [1, 2]
