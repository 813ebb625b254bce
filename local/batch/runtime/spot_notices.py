"""The notices of spot instances: EC2 says two minutes ahead that it takes one back.

It is a best effort, and an instance may go without. Source:
https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/spot-instance-termination-notices.html
"""

from __future__ import annotations

from heapq import heappop, heappush
from itertools import count
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from scheduler.capacity.hosts import Host


class SpotNotices:
    """The hosts that have had their notice, until they go; not safe for threads by itself."""

    def __init__(self) -> None:
        self._leaving: list[tuple[int, int, Host]] = []
        self._order = count()

    def give(self, host: Host, leaves_at: int) -> None:
        """Note when a host goes; one that has had its notice keeps its time."""
        if host.leaves_at is None:
            host.leaves_at = leaves_at
            heappush(self._leaving, (leaves_at, next(self._order), host))

    def due(self, now: int) -> list[Host]:
        """The hosts whose time is over and that are still there."""
        found = []
        while self._leaving and self._leaving[0][0] <= now:
            _, _, host = heappop(self._leaving)
            if host.id in host.environment.hosts:
                found.append(host)
        return found

    def next_due(self) -> int | None:
        """When the next host goes."""
        return self._leaving[0][0] if self._leaving else None
