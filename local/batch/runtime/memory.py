"""How much memory a process and its descendants hold."""

from __future__ import annotations

import os
from pathlib import Path

# The reason that ECS gives for a container that exceeded its hard limit; its exit code is 137:
# https://docs.aws.amazon.com/AmazonECS/latest/developerguide/resolve-container-outofmemory-errors.html
OUT_OF_MEMORY = "OutOfMemoryError: Container killed due to memory usage"

_PROC = Path("/proc")


def memory_of(pid: int) -> int:
    """The memory that a process and its descendants have for themselves, in MiB; 0 where the system does not
    say.

    Pages that are shared with files do not count: what the programs of an image and its libraries map is not
    what a job's limit is about.
    """
    pages = 0
    waiting = [pid]
    while waiting:
        each = waiting.pop()
        pages += _own_pages(each)
        waiting.extend(_children(each))
    return pages * os.sysconf("SC_PAGE_SIZE") // (1 << 20)


def _own_pages(pid: int) -> int:
    try:
        fields = (_PROC / str(pid) / "statm").read_text().split()
    except OSError:
        return 0
    return int(fields[1]) - int(fields[2]) if len(fields) > 2 else 0


def _children(pid: int) -> list[int]:
    try:
        return [int(each) for each in (_PROC / str(pid) / "task" / str(pid) / "children").read_text().split()]
    except OSError:
        return []
