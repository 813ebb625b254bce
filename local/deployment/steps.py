"""Shows what a deploy is doing: each step when it is done, and while it takes longer than a second."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Progress = Callable[[str], None]
SILENT_SECONDS = 1.0


@contextmanager
def step(progress: Progress, name: str, what: str) -> Iterator[None]:
    """Call ``progress`` with a line when a step is done, and with one before where it is not done within a
    second.
    """
    started = time.monotonic()
    timer = threading.Timer(SILENT_SECONDS, progress, [f"{name:<10} {what} …"])
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
    progress(f"{name:<10} {what}, {time.monotonic() - started:.1f} s")
