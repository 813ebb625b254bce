"""Prints what word-count published, and compares it with one plain pass over the text."""

from __future__ import annotations

import json
from collections.abc import Mapping

from rich.console import Console

from cli.commands.demo.reference import word_counts
from cli.commands.demo.telling import begin

_SHOWN = 12


def show(console: Console, published: Mapping[str, bytes], content: bytes) -> list[str]:
    """Print the most frequent words; return a sentence when the counts differ from the independent
    computation.
    """
    begin(console, "word-count")
    found, expected = json.loads(published["counts.json"]), word_counts(content)
    top = [line.split(",") for line in published["top.csv"].decode().splitlines()[1 : _SHOWN + 1]]
    console.print("  ".join(f"{word} {int(number):,}" for word, number in top), highlight=False)
    if found != dict(expected):
        return ["word-count: the counts differ from one pass over the text."]
    total, words = sum(found.values()), len(found)
    console.print(
        f"{total:,} words, {words:,} of them different; all counts equal those of one pass over the text.",
        highlight=False,
    )
    return []
