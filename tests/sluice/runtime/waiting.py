"""A step function that a test can stop in the middle of an item."""

from __future__ import annotations

import os
import signal
import time

from sluice.steps import Item, Out


def slow(item: Item, out: Out) -> int:
    """Return the item's number after two seconds."""
    print(f"item {item.number}", flush=True)
    time.sleep(2)
    return item.number


def work(item: Item, out: Out) -> int:
    """Return the item's number; wait for a signal at the item that the environment names."""
    print(f"item {item.number}", flush=True)
    if os.environ.get("WAIT_AT") == str(item.number):
        signal.pause()
    return item.number
