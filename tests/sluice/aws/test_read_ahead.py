"""Things are done a few ahead, and come in their order."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from sluice.aws.read_ahead import in_order


def test_what_is_made_comes_in_order_and_at_most_a_few_ahead() -> None:
    """Of a source without an end, too: it is read no further than needed."""
    taken: list[int] = []

    def things() -> Iterator[int]:
        for number in range(1_000_000):
            taken.append(number)
            yield number

    found = in_order(lambda one: one * 2, things(), 4)
    assert [next(found) for _ in range(10)] == list(range(0, 20, 2))
    assert len(taken) <= 10 + 4


@pytest.mark.parametrize("count", [0, 1])
def test_none_or_one_needs_no_thread(count: int) -> None:
    """Most jobs read one object."""
    threads = list(in_order(lambda _: threading.current_thread(), range(count), 4))
    assert threads == [threading.current_thread()] * count


def test_an_error_comes_in_its_place() -> None:
    """What stands before it has been made."""
    found = in_order(lambda one: 1 / one, [2, 1, 0, 1], 4)
    assert [next(found), next(found)] == [0.5, 1.0]
    with pytest.raises(ZeroDivisionError):
        next(found)
