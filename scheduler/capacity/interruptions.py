"""When spot hosts are interrupted, seeded, so that it happens the same way again.

https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/spot-interruptions.html
"""

from __future__ import annotations

from heapq import heappop, heappush
from itertools import count
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from random import Random

    from scheduler.capacity.hosts import Host

_HOUR_MS = 3_600_000
_SOON_MS = 500


class SpotInterruptions:
    """When each spot host goes: an exponential distribution over its life by `per_hour`, and the probability
    `per_attempt` of each attempt to lose its host within half a second of its start.
    """

    def __init__(self, per_hour: float, random: Random, per_attempt: float = 0) -> None:
        self._per_millisecond = per_hour / _HOUR_MS
        self._per_attempt = per_attempt
        self._random = random
        self._due: list[tuple[int, int, Host]] = []
        self._order = count()
        self._scheduled: set[str] = set()

    def host_used(self, host: Host, now: int) -> None:
        """Note a host that runs something; a spot host gets its time."""
        if self._per_millisecond and host.environment.spec.spot and host.id not in self._scheduled:
            self._scheduled.add(host.id)
            self._interrupt(host, now + 1 + int(self._random.expovariate(self._per_millisecond)))

    def attempt_started(self, host: Host, now: int) -> None:
        """Note an attempt that starts on a host, which a spot host may not outlive."""
        if self._per_attempt and host.environment.spec.spot and self._random.random() < self._per_attempt:
            self._interrupt(host, now + 1 + self._random.randrange(_SOON_MS))

    def due(self, now: int) -> list[Host]:
        """The hosts whose time has come and that are still there."""
        found = []
        while self._due and self._due[0][0] <= now:
            _, _, host = heappop(self._due)
            self._scheduled.discard(host.id)
            if host.id in host.environment.hosts:
                found.append(host)
        return found

    def next_due(self) -> int | None:
        """When the next host goes."""
        return self._due[0][0] if self._due else None

    def _interrupt(self, host: Host, at: int) -> None:
        heappush(self._due, (at, next(self._order), host))
