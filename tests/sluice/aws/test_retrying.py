"""Pauses grow, are random, have a cap, and end."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from sluice.aws.retrying import Backoff, retry


def backoff(slept: list[float], attempts: int = 4, cap: float = 0.3) -> Backoff:
    """Return a backoff whose pauses are the longest ones allowed."""
    return Backoff(attempts=attempts, base=0.1, cap=cap, sleep=slept.append, jitter=lambda least, most: most)


def failing(times: int, error: Exception) -> Callable[[], str]:
    """Return a call that raises an error so often, and then succeeds."""
    left = [error] * times

    def call() -> str:
        if left:
            raise left.pop()
        return "done"

    return call


def test_pauses_double_up_to_the_cap_and_the_last_attempt_is_followed_by_none() -> None:
    """Four attempts have three pauses between them."""
    slept: list[float] = []
    pauses = backoff(slept)
    assert [pauses.try_again() for _ in range(5)] == [True, True, True, False, False]
    assert slept == [0.1, 0.2, 0.3]


def test_a_pause_is_a_random_part_of_the_longest_one() -> None:
    """Full jitter: what failed at the same moment does not come back at the same moment."""
    slept: list[float] = []
    Backoff(attempts=2, base=8, sleep=slept.append, jitter=lambda least, most: (least + most) / 4).try_again()
    Backoff(attempts=2, base=8, sleep=slept.append).try_again()
    assert slept[0] == 2
    assert 0 <= slept[1] <= 8


def test_progress_begins_anew() -> None:
    """Only attempts in a row that achieved nothing count."""
    slept: list[float] = []
    pauses = backoff(slept, attempts=3)
    assert pauses.try_again()
    pauses.reset()
    assert [pauses.try_again() for _ in range(3)] == [True, True, False]
    assert slept == [0.1, 0.1, 0.2]


def test_a_call_is_repeated_until_it_succeeds() -> None:
    """Its result is returned."""
    slept: list[float] = []
    assert retry(failing(2, OSError()), backoff(slept), when=lambda error: True) == "done"
    assert slept == [0.1, 0.2]


def test_the_last_error_is_raised() -> None:
    """After as many attempts as are allowed."""
    slept: list[float] = []
    with pytest.raises(OSError, match="no"):
        retry(failing(9, OSError("no")), backoff(slept), when=lambda error: True)
    assert len(slept) == 3


def test_other_errors_are_not_tried_again() -> None:
    """They are raised at once."""
    slept: list[float] = []
    with pytest.raises(ValueError, match="no"):
        retry(failing(1, ValueError("no")), backoff(slept), when=lambda error: isinstance(error, OSError))
    assert slept == []


def test_without_another_clock_it_sleeps_by_the_clock_of_this_machine(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Which is looked up when it is needed."""
    slept: list[float] = []
    monkeypatch.setattr("time.sleep", slept.append)
    assert Backoff(attempts=2, base=1).try_again()
    assert len(slept) == 1
