"""How many calls a second an account may make."""

from __future__ import annotations

from collections import deque

_SECOND = 1000


class Throttle:
    """Lets at most `a_second` calls through in any second, wherever that second begins.

    AWS says how many and not how they are counted; a bucket that fills while there are no calls would let
    twice as many through in the second after a pause. Source:
    https://docs.aws.amazon.com/batch/latest/userguide/service_limits.html
    """

    def __init__(self, a_second: float) -> None:
        whole = max(int(a_second), 1)
        self._admitted: deque[int] = deque(maxlen=whole)
        self._window = _SECOND * whole / a_second

    def admits(self, now: int) -> bool:
        """Whether one more call is allowed at `now` (milliseconds), which then counts."""
        if len(self._admitted) == self._admitted.maxlen and now - self._admitted[0] < self._window:
            return False
        self._admitted.append(now)
        return True
