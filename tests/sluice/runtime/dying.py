"""Step functions whose process ends in the way that the environment names: as libraries and the kernel end
processes.
"""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from sluice.steps import Item, Out, Results, Upload


def _exit_in_c() -> None:
    ctypes.CDLL(None).exit(0)


def _read_nowhere() -> None:
    ctypes.string_at(0)


ENDS: Mapping[str, Callable[[], Any]] = {
    "os._exit(0)": lambda: os._exit(0),
    "os._exit(3)": lambda: os._exit(3),
    "exit(0) in C": _exit_in_c,
    "sys.exit(0)": lambda: sys.exit(0),
    "segmentation fault": _read_nowhere,
    "SIGKILL": lambda: os.kill(os.getpid(), signal.SIGKILL),
    "a fork that comes back": lambda: os.waitpid(pid, 0) if (pid := os.fork()) else None,
}


def end() -> None:
    """End the process as the variable HOW says."""
    ENDS[os.environ["HOW"]]()


def find(upload: Upload) -> Iterator[dict[str, int]]:
    """Yield two items and end."""
    yield {"n": 0}
    yield {"n": 1}
    end()


def work(item: Item, out: Out) -> int:
    """Return the item's number; end at the item that the variable AT names."""
    if os.environ.get("AT") == str(item.number):
        end()
    return item.number


def gather(results: Results, out: Out) -> None:
    """End."""
    end()


def leaves(item: Item, out: Out) -> int:
    """Leave two processes behind, one in a session of its own, and die at the first item; say who runs."""
    if item.number == 0:
        first = subprocess.Popen(["sleep", "600"])
        second = subprocess.Popen(["sh", "-c", "sleep 600 & wait"], start_new_session=True)
        print(f"left {first.pid} {second.pid}", flush=True)
        os.kill(os.getpid(), signal.SIGKILL)
    return item.number


def leaves_a_thread(item: Item, out: Out) -> int:
    """Return, and leave a thread that no process ends with."""
    threading.Thread(target=time.sleep, args=(600,)).start()
    return item.number
