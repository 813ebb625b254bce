"""An attempt between the order to start it and its end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from scheduler.retry import Outcome


@dataclass(slots=True)
class Underway:
    """What the runner's thread knows of an attempt that another thread starts.

    A stop that is asked for before the process runs waits for it, and so does an end that is told before the
    start is.
    """

    begun: bool = False
    stopped: bool = False
    stop: Callable[[], None] | None = None
    early: Outcome | None = None

    def ask_to_stop(self) -> None:
        """Stop the process, now or as soon as it runs."""
        self.stopped = True
        if self.stop is not None:
            self.stop()

    def begin(self, stop: Callable[[], None]) -> None:
        """The process runs; `stop` asks it to end."""
        self.begun, self.stop = True, stop
        if self.stopped:
            stop()
