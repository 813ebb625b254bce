from pipelines.letters import pipeline
from sluice.testing import run


def test_the_longest_words():
    ran = run(pipeline, files={"letters/a.txt": b"A, bb ccc.", "letters/b.txt": b"dddd e"})
    assert ran.succeeded, ran
    assert sorted(ran.files["index.json"].json().values()) == ["ccc", "dddd"]
