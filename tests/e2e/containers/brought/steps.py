"""Reads the files that a request brought."""

from __future__ import annotations

import json

from containers.step.api import Item, Out, Results


def read(item: Item, out: Out) -> list[str]:
    """Return a file's key and its text."""
    return [item.upload.key, item.upload.read(0, item.upload.size).decode()]


def tell(results: Results, out: Out) -> None:
    """Publish the text of each file, and what the request said beside."""
    found = dict(text for _, text in results("read"))
    out.write("texts.json", json.dumps({"texts": found, "n": results.trigger.input.get("n")}))
