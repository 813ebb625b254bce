"""Trouble on demand: what goes wrong in a cloud, seeded, so that it goes wrong the same way again.

Spot reclaims: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/spot-interruptions.html. Events come at
least once, in no certain order:
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-service-event-delivery-level.html.
"""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass
from functools import partial
from heapq import heappop, heappush
from itertools import count
from random import Random
from typing import TYPE_CHECKING, Any

from local.batch.api.errors import BatchApiError
from local.batch.ports import Image, ImageNotFoundError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from local.batch.ports import EventSink, Images
    from scheduler.capacity.hosts import Host

_SOON = 500  # milliseconds


@dataclass(frozen=True, slots=True)
class Trouble:
    """What goes wrong, and how often: rates are probabilities from 0 to 1, `reclaims_an_hour` counts for each
    host.

    `reclaimed_attempts` is the chance of each attempt on a spot host to lose that host within half a second
    of its start. A reordered event comes after the next one. `submits_a_second` throttles SubmitJob; None
    leaves the engine's limit. `invalid` has the compute environments that are INVALID, each with its reason.
    """

    seed: int = 0
    reclaims_an_hour: float = 0
    reclaimed_attempts: float = 0
    unpullable: frozenset[str] = frozenset()
    lost_answers: Mapping[str, float] | None = None
    duplicated_events: float = 0
    delayed_events: float = 0
    reordered_events: float = 0
    delay_seconds: float = 0.2
    submits_a_second: float | None = None
    invalid: Mapping[str, str] | None = None

    @property
    def troubles_events(self) -> bool:
        """Whether any event comes twice, late, or after its successor."""
        return bool(self.duplicated_events or self.delayed_events or self.reordered_events)


class Reclaims:
    """When each spot host is reclaimed: an exponential distribution over its life, and the chance of each
    attempt to bring it about.
    """

    def __init__(self, an_hour: float, random: Random, of_attempts: float = 0) -> None:
        self._a_millisecond = an_hour / 3_600_000
        self._of_attempts = of_attempts
        self._random = random
        self._due: list[tuple[int, int, Host]] = []
        self._order = count()
        self._seen: set[str] = set()

    def seen(self, host: Host, now: int) -> None:
        """Take note of a host that runs something; a spot host gets its time."""
        if self._a_millisecond and host.environment.spec.spot and host.id not in self._seen:
            self._seen.add(host.id)
            self._reclaim(host, now + 1 + int(self._random.expovariate(self._a_millisecond)))

    def begun(self, host: Host, now: int) -> None:
        """Take note of an attempt that begins on a host, which a spot host may not outlive."""
        if self._of_attempts and host.environment.spec.spot and self._random.random() < self._of_attempts:
            self._reclaim(host, now + 1 + self._random.randrange(_SOON))

    def due(self, now: int) -> list[Host]:
        """The hosts whose time has come and that are still there."""
        found = []
        while self._due and self._due[0][0] <= now:
            _, _, host = heappop(self._due)
            self._seen.discard(host.id)
            if host.id in host.environment.hosts:
                found.append(host)
        return found

    def next_due(self) -> int | None:
        """When the next host goes."""
        return self._due[0][0] if self._due else None

    def _reclaim(self, host: Host, at: int) -> None:
        heappush(self._due, (at, next(self._order), host))


class TroubledEvents:
    """An event sink that delivers some events twice, some late and some after the event that follows them."""

    def __init__(self, sink: EventSink, trouble: Trouble) -> None:
        self._sink = sink
        self._trouble = trouble
        self._held: deque[dict[str, Any]] = deque()
        self._random = Random(trouble.seed)  # noqa: S311 - repeatable, not secret

    def __call__(self, event: dict[str, Any], /) -> None:
        """Deliver one event, or two, now or later."""
        copies = 2 if self._random.random() < self._trouble.duplicated_events else 1
        for _ in range(copies):
            if self._random.random() < self._trouble.delayed_events:
                self._later(self._random.random() * self._trouble.delay_seconds, partial(self._sink, event))
            elif self._random.random() < self._trouble.reordered_events:
                self._held.append(event)
                self._later(self._trouble.delay_seconds, self._release)  # where no other event follows
            else:
                self._sink(event)
                self._release()

    def _release(self) -> None:
        """Deliver what was held back, the newest first."""
        while self._held:
            try:
                event = self._held.pop()
            except IndexError:  # the timer's thread, or the engine's, was faster
                return
            self._sink(event)

    def _later(self, seconds: float, act: Callable[[], None]) -> None:
        timer = threading.Timer(seconds, act)
        timer.daemon = True
        timer.start()


class LostAnswers:
    """Calls whose answer never arrives, though they took effect."""

    def __init__(self, rates: Mapping[str, float], seed: int) -> None:
        self._rates = rates
        self._random = Random(seed)  # noqa: S311 - repeatable, not secret

    def after(self, operation: str) -> None:
        """Lose the answer of a call that was made; BatchApiError as for a failing server."""
        if self._random.random() < self._rates.get(operation, 0):
            raise BatchApiError("ServerException", "The answer was lost on its way (trouble on demand).", 500)


class UnpullableImages:
    """An Images port without the images that cannot be pulled."""

    def __init__(self, images: Images, names: frozenset[str]) -> None:
        self._images = images
        self._names = names

    def __call__(self, image: str, /) -> Image | None:
        """The image, unless it is one of those."""
        if image in self._names:
            raise ImageNotFoundError(f"Error response from daemon: pull access denied for {image}")
        return self._images(image)
