"""How many calls a second an account may make."""

from __future__ import annotations

from local.batch.api.throttle import Throttle


def test_the_rate_is_fifty_a_second() -> None:
    """Fifty calls at once pass, the next one does not, and a second later fifty pass again."""
    throttle = Throttle(50)
    assert sum(throttle.admits(0) for _ in range(60)) == 50
    assert sum(throttle.admits(1000) for _ in range(60)) == 50


def test_no_second_has_more_than_fifty_wherever_it_begins() -> None:
    """Neither after a pause nor across the boundary of a second: a call every 7 ms for ten seconds, and a
    burst in the middle of each.
    """
    throttle = Throttle(50)
    calls = sorted(
        [*range(0, 10_000, 7), *(second + 500 for second in range(0, 10_000, 1000) for _ in range(80))]
    )
    passed = [at for at in calls if throttle.admits(at)]
    assert len(passed) == 500
    assert max(sum(at <= other < at + 1000 for other in passed) for at in passed) == 50
