"""When attempts have run for too long.

Attempts with the same timeout come due in the order in which they started, so a queue per timeout needs no
sorting.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from scheduler.jobs.job import Job

_Entry = tuple[int, "Job", int, int]


class Deadlines:
    """The deadlines of running attempts; those of attempts that ended are dropped now and then."""

    __slots__ = ("_by_timeout", "_count", "_sweep_at")

    def __init__(self) -> None:
        self._by_timeout: dict[int, deque[_Entry]] = {}
        self._count = 0
        self._sweep_at = 1024

    def add(self, job: Job, index: int, attempt: int, now: int) -> None:
        """Set the deadline of an attempt that starts to run now."""
        timeout = job.spec.timeout_ms or 0
        queue = self._by_timeout.get(timeout)
        if queue is None:
            queue = self._by_timeout[timeout] = deque()
        queue.append((now + timeout, job, index, attempt))
        self._count += 1
        if self._count >= self._sweep_at:
            self._sweep()

    def due(self, now: int) -> list[tuple[Job, int]]:
        """The attempts that are past their deadline."""
        found = []
        for queue in self._by_timeout.values():
            while queue and queue[0][0] <= now:
                _, job, index, attempt = queue.popleft()
                self._count -= 1
                if job.is_current(index, attempt):
                    found.append((job, index))
        return sorted(found, key=lambda each: (each[0].seq, each[1]))

    def first(self) -> int | None:
        """The earliest deadline of an attempt that still runs."""
        earliest = None
        for queue in self._by_timeout.values():
            while queue and not queue[0][1].is_current(queue[0][2], queue[0][3]):
                queue.popleft()
                self._count -= 1
            if queue and (earliest is None or queue[0][0] < earliest):
                earliest = queue[0][0]
        return earliest

    def first_entry(self) -> int | None:
        """The earliest deadline that is stored, of an attempt that may have ended: quicker than `first`."""
        earliest = None
        for queue in self._by_timeout.values():
            if queue and (earliest is None or queue[0][0] < earliest):
                earliest = queue[0][0]
        return earliest

    def _sweep(self) -> None:
        """Forget the attempts that ended; the next sweep comes when twice as many as are left have been
        noted.
        """
        for timeout, queue in list(self._by_timeout.items()):
            left = deque(entry for entry in queue if entry[1].is_current(entry[2], entry[3]))
            if left:
                self._by_timeout[timeout] = left
            else:
                del self._by_timeout[timeout]
        self._count = sum(len(queue) for queue in self._by_timeout.values())
        self._sweep_at = max(1024, 2 * self._count)
