"""Whether a process and its descendants hold too much memory, and which of them holds most."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

# The reason that ECS gives for a container that exceeded its hard limit; its exit code is 137:
# https://docs.aws.amazon.com/AmazonECS/latest/developerguide/resolve-container-outofmemory-errors.html
OUT_OF_MEMORY = "OutOfMemoryError: Container killed due to memory usage"

_PROC = Path("/proc")
_PSS_ANON = re.compile(r"^Pss_Anon:\s+(\d+) kB", re.MULTILINE)
_MIB = 1 << 20


def exceeds(pid: int, limit: int) -> bool:
    """Whether a process and its descendants have more memory for themselves than so many MiB.

    Pages that are shared with files do not count: what the programs of an image and its libraries map is not
    what a job's limit is about. Those that a process shares with its copies count once, as for the kernel; to
    find that out takes the kernel a walk through all of them, so only where the sum is too much.
    """
    tree = list(_tree(pid))
    if sum(map(_own_pages, tree)) * os.sysconf("SC_PAGE_SIZE") // _MIB <= limit:
        return False
    return sum(map(_own_bytes, tree)) // _MIB > limit


def largest_of(pid: int) -> int:
    """Which of a process and its descendants has most: the kernel ends that one when a container exceeds its
    limit.

    https://docs.kernel.org/admin-guide/cgroup-v2.html (memory.oom.group: 0)
    """
    return max(_tree(pid), key=_own_pages)


def _tree(pid: int) -> Iterator[int]:
    waiting = [pid]
    while waiting:
        each = waiting.pop()
        yield each
        waiting.extend(_children(each))


def _own_bytes(pid: int) -> int:
    """The anonymous memory of a process, of what it shares its part.

    https://docs.kernel.org/filesystems/proc.html (smaps_rollup)
    """
    try:
        text = (_PROC / str(pid) / "smaps_rollup").read_text()
    except OSError:
        return 0
    found = _PSS_ANON.search(text)
    return int(found[1]) * 1024 if found else _own_pages(pid) * os.sysconf("SC_PAGE_SIZE")


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
