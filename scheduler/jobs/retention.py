"""How long a job is known after its end.

"Job information … available for at least 7 days":
https://docs.aws.amazon.com/batch/latest/userguide/service_limits.html
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scheduler.jobs.job import Job


class Retention:
    """The jobs that have ended, in the order of their ends; with no `kept_ms` they are kept for ever."""

    def __init__(self, kept_ms: int | None) -> None:
        self._kept_ms = kept_ms
        self._ended: deque[Job] = deque()

    def add(self, job: Job) -> None:
        """Note a job that has just ended."""
        if self._kept_ms is not None:
            self._ended.append(job)

    def expired(self, now: int) -> Iterator[Job]:
        """Yield each job whose time is over, and drop it."""
        while (due := self.next_due()) is not None and due <= now:
            yield self._ended.popleft()

    def next_due(self) -> int | None:
        """When the first job's time is over."""
        if self._kept_ms is None or not self._ended:
            return None
        return self._ended[0].stopped_at + self._kept_ms
