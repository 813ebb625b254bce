"""A step function that a test can stop in the middle of an item."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from sluice.steps import Item, Out


def told(item: Item, out: Out) -> int:
    """Return the item's number once the test has made the file that says so."""
    print(f"item {item.number}", flush=True)
    while not Path(os.environ["TOLD"], str(item.number)).exists():
        time.sleep(0.01)
    return item.number


def work(item: Item, out: Out) -> int:
    """Return the item's number; wait for a signal at the item that the environment names."""
    print(f"item {item.number}", flush=True)
    if os.environ.get("WAIT_AT") == str(item.number):
        signal.pause()
    return item.number


def noisy(item: Item, out: Out) -> int:
    """Write much to standard error in all ways, and fail."""
    for number in range(50):
        print(f"line {number}", file=sys.stderr)
    sys.stderr.flush()
    subprocess.run(["sh", "-c", "echo from a process of its own >&2"], check=True)
    raise ValueError("enough")


def outlived(item: Item, out: Out) -> int:
    """Die without a word, and leave a process behind that has the same standard error."""
    subprocess.Popen(["sleep", "8"], stdout=subprocess.DEVNULL)
    os.write(2, b"about to die\n")
    os.kill(os.getpid(), signal.SIGKILL)
    return item.number
