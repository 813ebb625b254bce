"""How long a job may block its queue.

https://docs.aws.amazon.com/batch/latest/APIReference/API_JobStateTimeLimitAction.html
"""

from __future__ import annotations

from heapq import heappop, heappush
from itertools import count
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scheduler.jobs.job import Job
    from scheduler.queues.job_queue import Queue


class BlockedChild(NamedTuple):
    """The child at the head of a queue, which it may not block beyond a time."""

    queue: Queue
    job: Job
    child: int


class TimeLimits:
    """The time limits that were set, in the order in which they come due."""

    def __init__(self) -> None:
        self._heap: list[tuple[int, int, BlockedChild]] = []
        self._order = count()

    def add(self, blocked: BlockedChild, at: int) -> None:
        """Set a limit that comes due at a time."""
        heappush(self._heap, (at, next(self._order), blocked))

    def due(self, now: int) -> Iterator[BlockedChild]:
        """Yield what is past its limit, with what becomes due meanwhile."""
        while self._heap and self._heap[0][0] <= now:
            yield heappop(self._heap)[2]

    def next_due(self) -> int | None:
        """When the first limit comes due, whether it still matters or not."""
        return self._heap[0][0] if self._heap else None
