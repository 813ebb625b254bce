"""Ends the processes that a worker has left behind, before another worker, or the end of the job."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

# https://man7.org/linux/man-pages/man2/PR_SET_CHILD_SUBREAPER.2const.html
_PR_SET_CHILD_SUBREAPER = 36
_SECONDS = 2.0
_PAUSE_SECONDS = 0.01
_PROC = Path("/proc/self")
_SHOWN = 5


class Leftovers:
    """The processes that come to this one while a worker runs: those whose parent has died.

    In a container the first process gets them anyway; elsewhere Linux has to be asked. Where there is no
    Linux, nothing is found.
    """

    def __init__(self) -> None:
        if sys.platform == "linux":
            ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
        self._others = frozenset(_children())

    def end(self) -> None:
        """Kill all of them, and theirs, and say so: they hold memory, ports and files of the next worker."""
        deadline, ended = time.monotonic() + _SECONDS, dict[int, str]()
        while (found := self._found()) and time.monotonic() < deadline:
            for pid in found:
                ended.setdefault(pid, _name(pid))
                with suppress(ProcessLookupError, PermissionError):
                    os.kill(pid, signal.SIGKILL)
            time.sleep(_PAUSE_SECONDS)
            for pid in found:
                with suppress(ChildProcessError):
                    os.waitpid(pid, os.WNOHANG)
        alive = [name for name in ended.values() if name]
        if alive:
            what = "1 process" if len(alive) == 1 else f"{len(alive)} processes"
            names = ", ".join(alive[:_SHOWN]) + (", …" if len(alive) > _SHOWN else "")
            os.write(2, f"Ended {what} that the step had left running: {names}\n".encode())

    def _found(self) -> list[int]:
        return [pid for pid in _children() if pid not in self._others]


def _children() -> Iterator[int]:
    """Yield the children of all threads of this process; those that have ended and wait, too."""
    for task in (_PROC / "task").glob("*/children"):
        with suppress(OSError):
            yield from map(int, task.read_text().split())


def _name(pid: int) -> str:
    """Return the name of a process that runs, nothing of one that has ended."""
    with suppress(OSError, IndexError):
        stat = Path(f"/proc/{pid}/stat").read_text()
        name, _, rest = stat.partition("(")[2].rpartition(")")
        return "" if rest.split()[0] == "Z" else name
    return ""
