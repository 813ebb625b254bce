"""slow_vendor: what its steps do; that no more than two run at once is AWS Batch's part, and tested with it
in tests/e2e.
"""

from __future__ import annotations

from typing import Any

import pytest

from containers.slow_vendor.steps import InputError, max_concurrency, seconds_of
from pipelines.slow_vendor import pipeline
from sluice.testing import run
from sluice.triggers.trigger_event import Request


def test_every_call_is_counted() -> None:
    """Twelve children, one after the other here, and one publishes what they noted."""
    ran = run(pipeline, trigger=Request(token="t", input={"seconds": 0}))
    assert ran.succeeded, ran
    assert ran.steps["ask"].children == 12
    assert ran.files["calls.json"].json() == {"calls": 12, "most_at_once": 1}


@pytest.mark.parametrize(
    ("calls", "most"),
    [
        ([], 0),
        ([(0, 1)], 1),
        ([(0, 1), (1, 2)], 1),
        ([(0, 2), (1, 3), (2, 4)], 2),
        ([(0, 9), (1, 2), (3, 5), (4, 6)], 3),
    ],
)
def test_the_most_at_once_are_found(calls: list[tuple[float, float]], most: int) -> None:
    """A call that begins when another ends is not beside it."""
    assert max_concurrency(calls) == most


@pytest.mark.parametrize(
    "given",
    [[], "x", {"seconds": "1"}, {"seconds": -1}, {"seconds": 61}, {"seconds": True}, {"seconds": None}],
    ids=str,
)
def test_a_wrong_input_is_refused(given: Any) -> None:
    """It says what was expected."""
    with pytest.raises(InputError, match="Expected an input such as"):
        seconds_of(given)


def test_an_input_may_be_left_out() -> None:
    """Then a call takes 0.3 s."""
    assert seconds_of(None) == seconds_of({}) == 0.3
    assert seconds_of({"seconds": 2}) == 2.0
