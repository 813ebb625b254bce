"""Takes its time, so that a test can choose how the container's end is reported."""

from __future__ import annotations

import json
import os
import time

from sluice.steps import Item, Out, Results

SECONDS = 12.0
"""Of the first generation: until then a test has to have seen the first child's end."""


def nap(item: Item, out: Out) -> int:
    """Return the item's number; every child but the first one takes some seconds."""
    if item.number and os.environ["SLUICE_GENERATION"] == "0":
        time.sleep(SECONDS)
    return item.number


def twice(item: Item, out: Out) -> int:
    """Return twice what the array before returned."""
    return 2 * int(item.previous)


def tell(results: Results, out: Out) -> None:
    """Publish what both arrays returned."""
    out.write("numbers.json", json.dumps([sorted(results("nap")), sorted(results("twice"))]))
