"""Counts the words of small texts, one an item."""

from __future__ import annotations

import json
from collections import Counter

from sluice.steps import Item, Out, Results


def count(item: Item, out: Out) -> list[object]:
    """Return a file's key and how many words it has. Memory: the file."""
    return [item.upload.key, len(item.upload.read(0, item.upload.size).split())]


def merge(results: Results, out: Out) -> None:
    """Publish the words of each file, and of all. Memory: a key and a number a file."""
    words = Counter({str(key): int(number) for _, (key, number) in results("count")})
    found = {"files": len(words), "words": words.total(), "started by": results.trigger.kind}
    out.write("words.json", json.dumps({**found, "of each": dict(sorted(words.items()))}, ensure_ascii=False))
