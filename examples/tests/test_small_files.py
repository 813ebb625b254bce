"""small_files: texts that are uploaded together, each an item."""

from __future__ import annotations

from pipelines.small_files import pipeline
from sluice.testing import run


def test_the_words_of_each_file_and_of_all_are_counted() -> None:
    """An empty file has none."""
    ran = run(pipeline, files={"a.txt": b"one two", "b.txt": b"three", "c.txt": b""})
    assert ran.succeeded, ran
    found = ran.files["words.json"].json()
    assert (found["files"], found["words"]) == (3, 3)
    assert sorted(found["of each"].values()) == [0, 1, 2]
