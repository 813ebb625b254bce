"""How many calls a second an account may make."""

from __future__ import annotations


class Throttle:
    """A token bucket that holds one second's worth of calls."""

    def __init__(self, a_second: float) -> None:
        self._a_second = a_second
        self._tokens = a_second
        self._at: int | None = None

    def admits(self, now: int) -> bool:
        """Whether one more call is allowed at `now` (milliseconds), which then counts."""
        if self._at is not None:
            self._tokens = min(self._a_second, self._tokens + (now - self._at) / 1000 * self._a_second)
        self._at = now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True
