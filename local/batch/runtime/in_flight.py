"""An attempt between the order to start it and its end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from scheduler.retry import Outcome


@dataclass(slots=True)
class InFlight:
    """What the runner's thread knows of an attempt that another thread starts.

    A stop that is requested before the process runs waits for it, and so does an end that is reported before
    the start is.
    """

    has_started: bool = False
    is_stopped: bool = False
    stop: Callable[[], None] | None = None
    early_end: Outcome | None = None

    def request_stop(self) -> None:
        """Stop the process, now or as soon as it runs."""
        self.is_stopped = True
        if self.stop is not None:
            self.stop()

    def start(self, stop: Callable[[], None]) -> None:
        """Note that the process runs; `stop` asks it to end."""
        self.has_started, self.stop = True, stop
        if self.is_stopped:
            stop()
