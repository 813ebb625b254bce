"""Publishes what the files of a run say."""

from __future__ import annotations

from sluice.steps import Item, Out, Results


def read(item: Item, out: Out) -> str:
    """Return the text of the item's file."""
    return item.upload.text()


def merge(results: Results, out: Out) -> None:
    """Publish the texts."""
    out.write("texts.txt", " ".join(sorted(text for _, text in results("read"))))
