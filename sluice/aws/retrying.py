"""Waits before it tries again: pauses that grow, each a random part of the longest one allowed.

Many that fail at the same moment then do not come back at the same moment ("full jitter"):
https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

_T = TypeVar("_T")


def _sleep(seconds: float) -> None:
    # Looked up at each call, so that another clock can take the place of this one's.
    time.sleep(seconds)


@dataclass(slots=True, kw_only=True)
class Backoff:
    """Counts attempts in a row that achieved nothing, at most ``attempts``, and pauses after each.

    The pause is between 0 and ``base`` seconds, then twice that, and so on, up to ``cap`` seconds.
    """

    attempts: int
    base: float
    cap: float = 20.0
    sleep: Callable[[float], None] = _sleep
    jitter: Callable[[float, float], float] = random.uniform
    _failed: int = field(default=0, init=False)

    def try_again(self) -> bool:
        """Pause after an attempt that achieved nothing; return False at once when it was the last one."""
        self._failed += 1
        if self._failed >= self.attempts:
            return False
        self.sleep(self.jitter(0, min(self.cap, self.base * 2 ** (self._failed - 1))))
        return True

    def reset(self) -> None:
        """Count from zero again after an attempt that achieved something."""
        self._failed = 0


def retry(call: Callable[[], _T], backoff: Backoff, *, when: Callable[[Exception], bool]) -> _T:
    """Return what a call returns, after as many attempts as the backoff allows.

    Only errors for which ``when`` is true are tried again; the last one is raised.
    """
    while True:
        try:
            return call()
        except Exception as error:
            if not when(error) or not backoff.try_again():
                raise
