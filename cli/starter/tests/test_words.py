"""The whole pipeline, in the process of the test."""

from pipelines.words import pipeline
from sluice.testing import run


def test_words_are_counted():
    ran = run(pipeline, files={"a.txt": b"one two two"})
    assert ran.succeeded
    assert ran.files["counts.json"].json() == {"one": 1, "two": 2}
