"""A step function that a test can stop in the middle of an item."""

from __future__ import annotations

import os
import signal

from sluice.steps import Item, Out


def work(item: Item, out: Out) -> int:
    """Return the item's number; wait for a signal at the item that the environment names."""
    print(f"item {item.number}", flush=True)
    if os.environ.get("WAIT_AT") == str(item.number):
        signal.pause()
    return item.number
