"""Published words are compared with one pass over the text."""

from __future__ import annotations

import io
import json

from rich.console import Console

from cli.commands.demo.word_results import show

TEXT = b"to be or not to be"


def shown(counts: dict[str, int]) -> tuple[list[str], str]:
    """Return what differs and what is printed."""
    console = Console(file=io.StringIO(), width=100)
    published = {"counts.json": json.dumps(counts).encode(), "top.csv": b"word,count\nto,2\nbe,2\n"}
    wrong = show(console, published, TEXT)
    assert isinstance(console.file, io.StringIO)
    return wrong, console.file.getvalue()


def test_equal_counts() -> None:
    """The most frequent words are printed."""
    wrong, printed = shown({"to": 2, "be": 2, "or": 1, "not": 1})
    assert (wrong, "to 2  be 2" in printed, "6 words, 4 of them different" in printed) == ([], True, True)


def test_another_count_is_a_difference() -> None:
    """It is one sentence."""
    wrong, _ = shown({"to": 2})
    assert wrong == ["word-count: the counts differ from one pass over the text."]
