"""The threads that start attempts: each start waits until its program is loaded, so that one would leave
cores idle.
"""

from __future__ import annotations

import logging
import os
import queue
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from local.batch.ports import Credentials, Executor, Images, Secrets, StartFailedError
from local.batch.runtime.containers import task_of
from scheduler.effects import StartAttempt
from scheduler.reasons import START_FAILED
from scheduler.retry import Outcome

log = logging.getLogger(__name__)

# One more than there are processors, so that none is idle while a start takes its time.
_THREADS = (os.cpu_count() or 1) + 1


@dataclass(frozen=True, slots=True)
class Reports:
    """What is called, on any thread, when an attempt runs (with what stops it), has ended, or could not be
    started.
    """

    started: Callable[[StartAttempt, Callable[[], None]], None]
    ended: Callable[[StartAttempt, Outcome], None]
    failed: Callable[[StartAttempt, Outcome], None]


class Launchers:
    """Takes attempts in order and starts several at once."""

    def __init__(
        self,
        executor: Executor,
        images: Images,
        credentials: Credentials,
        secrets: Secrets,
        environment: Mapping[str, str],
        reports: Reports,
    ) -> None:
        self._executor = executor
        self.images = images
        self._credentials = credentials
        self._secrets = secrets
        self._environment = environment
        self._reports = reports
        self._waiting: queue.SimpleQueue[StartAttempt | None] = queue.SimpleQueue()
        self._closing = False
        self._threads = [
            threading.Thread(target=self._loop, name="batch-start", daemon=True) for _ in range(_THREADS)
        ]

    def open(self) -> None:
        """Begin."""
        for thread in self._threads:
            thread.start()

    def start(self, attempt: StartAttempt) -> None:
        """Start an attempt as soon as a thread is free."""
        self._waiting.put(attempt)

    def close(self) -> None:
        """Start nothing more, and end the threads."""
        self._closing = True
        for _ in self._threads:
            self._waiting.put(None)
        for thread in self._threads:
            thread.join()

    def _loop(self) -> None:
        while (attempt := self._waiting.get()) is not None:
            if not self._closing:
                self._start(attempt)

    def _start(self, start: StartAttempt) -> None:
        reports = self._reports
        try:
            task = task_of(start, self.images, self._credentials, self._secrets, self._environment)
            stop = self._executor.start(task, lambda outcome: reports.ended(start, outcome))
        except StartFailedError as error:
            reports.failed(start, Outcome(error.exit_code, error.reason, START_FAILED))
        except Exception as error:
            log.exception("Attempt %d of job %s could not be started", start.attempt, start.job.id)
            reports.failed(start, Outcome(None, f"ResourceInitializationError: {error}", START_FAILED))
        else:
            reports.started(start, stop)
