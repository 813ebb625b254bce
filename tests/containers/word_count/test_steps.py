"""The starter of this repository's own project: the example of the same name, and it works."""

from __future__ import annotations

from pathlib import Path

import pytest

from sluice.pipeline.loading import load_pipeline
from sluice.testing import run

ROOT = Path(__file__).parents[3]


def test_the_starter_counts_words() -> None:
    """From the upload to the results."""
    pipeline, _ = load_pipeline(ROOT, "word-count")
    assert pipeline is not None
    ran = run(pipeline, files={"a.txt": b"one two two"})
    assert ran.succeeded, ran
    assert ran.files["counts.json"].json() == {"one": 1, "two": 2}


@pytest.mark.parametrize("file", ["containers/word_count/steps.py", "pipelines/word_count.py"])
def test_the_starter_is_the_example(file: str) -> None:
    """Which the course explains, and whose tests are about both."""
    assert (ROOT / file).read_text() == (ROOT / "examples" / file).read_text()
