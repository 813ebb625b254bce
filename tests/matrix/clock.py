"""Virtual time: what is to happen, in order."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from heapq import heappop, heappush

BEGINNING = datetime(2030, 1, 1, tzinfo=UTC)


class Clock:
    """Calls what is due, one after the other. What is ``idle`` (a sweep, a time-out) keeps no harness going
    by itself.
    """

    def __init__(self) -> None:
        """Begin at BEGINNING with nothing to do."""
        self.seconds = 0.0
        self.busy = 0
        self._due: list[tuple[float, int, bool, Callable[[], None]]] = []
        self._numbers = itertools.count()

    def now(self) -> datetime:
        """Return the time."""
        return BEGINNING + timedelta(seconds=self.seconds)

    def milliseconds(self) -> int:
        """Return the time since 1970."""
        return int(self.now().timestamp() * 1000)

    def later(self, seconds: float, act: Callable[[], None], *, idle: bool = False) -> None:
        """Call ``act`` after so many seconds."""
        self.busy += not idle
        heappush(self._due, (self.seconds + max(seconds, 0.0), next(self._numbers), idle, act))

    def step(self) -> None:
        """Let the next thing happen."""
        self.seconds, _, idle, act = heappop(self._due)
        self.busy -= not idle
        act()
