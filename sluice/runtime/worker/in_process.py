"""A worker in the process of its supervisor, where many jobs live in one process: in tests."""

from __future__ import annotations

from collections.abc import Callable

from sluice.runtime.errors import Stopped
from sluice.runtime.worker.ends import End, Listener
from sluice.runtime.worker.report import Outcome, Report


class InProcessWorker:
    """Does the work here; an end of the process is the supervisor's too."""

    def run(self, work: Callable[[Report], Outcome], listener: Listener) -> End:
        """Do the work and return how it ended."""
        try:
            return End(outcome=work(listener))
        except Stopped:
            return End(stopped=True)
