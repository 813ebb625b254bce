"""Keeps answers for a moment, by what they are about and never by who asks: a hundred people who watch a run
cost what one does.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Any, TypeVar

T = TypeVar("T")
MAX_KEPT = 500


@dataclass(slots=True)
class _Kept:
    lock: threading.Lock = field(default_factory=threading.Lock)
    until: float = 0.0
    value: Any = None


@dataclass(slots=True)
class Cache:
    """Keeps what functions return; while one reads, the others wait for the same answer."""

    clock: Callable[[], float] = time.monotonic
    _kept: dict[Hashable, _Kept] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def get(self, key: Hashable, seconds: float, read: Callable[[], T]) -> T:
        """Return what ``read`` returned at most ``seconds`` ago; what it raises is not kept."""
        entry = self._entry(key)
        with entry.lock:
            if self.clock() >= entry.until:
                entry.value = read()
                entry.until = self.clock() + seconds
            value: T = entry.value
            return value

    def forget(self) -> None:
        """Forget everything: something has been changed."""
        with self._lock:
            self._kept.clear()

    def _entry(self, key: Hashable) -> _Kept:
        with self._lock:
            entry = self._kept.pop(key, None) or _Kept()
            self._kept[key] = entry  # The newest last.
            while len(self._kept) > MAX_KEPT:
                del self._kept[next(iter(self._kept))]
            return entry
