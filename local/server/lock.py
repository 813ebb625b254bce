"""A process id file that is never stale: its writer holds a lock on it for as long as it lives."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from local.errors import LocalCloudError


@contextmanager
def hold(path: Path) -> Iterator[None]:
    """Keep this process's id in the locked file `path`. Raises LocalCloudError if another process holds
    it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            message = (
                f"Expected no local cloud with its state in {path.parent}, found process {path.read_text()}."
            )
            raise LocalCloudError(message) from None
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield
        file.truncate(0)


def holder(path: Path) -> int | None:
    """Return the id of the process that holds the file, or None. An id left by a dead process counts for
    nothing.
    """
    try:
        with path.open() as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            return None
    except FileNotFoundError:
        return None
    except BlockingIOError:
        return int(path.read_text() or 0) or None
