"""Passes on what a worker writes to its standard error, and keeps the end of it for the failure report.

The job's log may have no stream: an account makes 50 a second.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/cloudwatch_limits_cwl.html
"""

from __future__ import annotations

import os
from threading import Thread

LINES = 12
_KEPT_BYTES = 3_000
_CHUNK = 1 << 16
_STDERR = 2
# A process that outlives the worker may hold the pipe; the job does not wait for it.
_LAST_SECONDS = 1.0


class StderrTail:
    """A pipe in place of the worker's standard error: made before the fork, then each side takes its end."""

    def __init__(self) -> None:
        self._out, self._into = os.pipe()
        self._kept = b""
        self._copier = Thread(target=self._copy, name="stderr", daemon=True)

    def in_worker(self) -> None:
        """Let everything in this process, and in those that it starts, write into the pipe."""
        os.dup2(self._into, _STDERR)
        os.close(self._into)
        os.close(self._out)

    def in_supervisor(self) -> None:
        """Begin to pass on what the worker writes."""
        os.close(self._into)
        self._copier.start()

    def lines(self) -> tuple[str, ...]:
        """Return the last lines of a worker that has ended."""
        self._copier.join(_LAST_SECONDS)
        text = self._kept.decode("utf-8", "replace")
        return tuple(line for line in text.splitlines() if line.strip())[-LINES:]

    def _copy(self) -> None:
        while data := os.read(self._out, _CHUNK):
            self._kept = (self._kept + data)[-_KEPT_BYTES:]
            while data:
                data = data[os.write(_STDERR, data) :]
        os.close(self._out)
