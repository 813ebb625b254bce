"""The functions that the steps run."""

import json
from collections import Counter


def split(upload):
    """Find the items: pieces of the text that end between words."""
    for start, stop in upload.ranges(start=0, size=100_000, separators=b"\n "):
        yield {"start": start, "stop": stop}


def count(item, out):
    """Count the words of one piece."""
    return Counter(item.upload.read(item["start"], item["stop"]).decode().lower().split())


def merge(results, out):
    """Add the counts up, and publish them."""
    total = Counter()
    for _, words in results("count"):
        total.update(words)
    out.write("counts.json", json.dumps(total))
