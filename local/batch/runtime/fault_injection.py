"""Fault injection: events that come twice, late or out of order, images that cannot be pulled, and ends of
containers that Docker does not report.
"""

from __future__ import annotations

import threading
from collections import deque
from functools import partial
from random import Random
from typing import TYPE_CHECKING, Any

from local.batch.ports import Image, ImageNotFoundError
from scheduler.retry import Outcome

if TYPE_CHECKING:
    from collections.abc import Callable

    from local.batch.faults import Faults
    from local.batch.ports import EventSink, Images


class FaultyEvents:
    """An event sink that delivers some events twice, some late and some after the event that follows them."""

    def __init__(self, sink: EventSink, faults: Faults) -> None:
        self._sink = sink
        self._faults = faults
        self._held: deque[dict[str, Any]] = deque()
        self._random = Random(faults.seed)  # noqa: S311 - repeatable, not secret

    def __call__(self, event: dict[str, Any], /) -> None:
        """Deliver one event, or two, now or later."""
        copies = 2 if self._random.random() < self._faults.duplicated_events else 1
        for _ in range(copies):
            if self._random.random() < self._faults.delayed_events:
                self._later(self._random.random() * self._faults.delay_seconds, partial(self._sink, event))
            elif self._random.random() < self._faults.reordered_events:
                self._held.append(event)
                self._later(self._faults.delay_seconds, self._release)  # where no other event follows
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


class FailingPulls:
    """An Images port without the images that cannot be pulled."""

    def __init__(self, images: Images, names: frozenset[str]) -> None:
        self._images = images
        self._names = names

    def __call__(self, image: str, /) -> Image | None:
        """The image, unless it is one of those."""
        if image in self._names:
            raise ImageNotFoundError(f"Error response from daemon: pull access denied for {image}")
        return self._images(image)


DOCKER_TIMEOUT = Outcome(
    None, "DockerTimeoutError: Could not transition to stopped; timed out after waiting 2m0s"
)
"""How an attempt ends whose container ended while Docker did not answer: without an exit code, and with the
status reason of a program's end. https://github.com/aws/amazon-ecs-agent/issues/1440
"""


class SilentDocker:
    """Docker that does not report how some attempts ended."""

    def __init__(self, faults: Faults) -> None:
        self._rate = faults.docker_timeouts
        self._random = Random(faults.seed)  # noqa: S311 - repeatable, not secret

    def reported(self, outcome: Outcome) -> Outcome:
        """Return how an attempt is reported that ended so."""
        return DOCKER_TIMEOUT if self._rate and self._random.random() < self._rate else outcome
