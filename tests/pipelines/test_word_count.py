"""word_count from the upload to the results, every job run by its real entry point."""

from __future__ import annotations

import json
import re
from collections import Counter

import pytest

from containers.word_count import steps
from pipelines.word_count import pipeline
from tests.sluice.runtime.jobs import WORK, Jobs, functions_of

FUNCTIONS = functions_of(pipeline)
TEXT = ("The quick brown fox, the lazy dog. Zürich's Straße \u2013 naïve café 東京\n" * 900).encode()


def one_pass(text: bytes) -> dict[str, int]:
    """Count the words in one go, without the pipeline's code."""
    return Counter(word.lower() for word in re.findall(r"[^\W\d_]+(?:['\u2019][^\W\d_]+)*", text.decode()))


def test_counts_equal_one_pass_over_the_text(jobs: Jobs, monkeypatch: pytest.MonkeyPatch) -> None:
    """A text of several pieces gives the counts of the whole text, and nothing transient stays."""
    monkeypatch.setattr(steps, "_MIN_PIECE_BYTES", 4096)
    run = jobs.upload(pipeline, "word-count/a.txt", TEXT)
    assert jobs.drive(run, FUNCTIONS) == "SUCCEEDED"
    assert len(jobs.codes["count"]) > 2
    assert json.loads(jobs.results(run)["counts.json"]) == one_pass(TEXT)
    assert jobs.keys(WORK) == []


def test_an_empty_text_has_no_words(jobs: Jobs) -> None:
    """The plan finds nothing, the arrays have no jobs, and the fan-in publishes that."""
    run = jobs.upload(pipeline, "word-count/empty.txt", b"")
    assert jobs.drive(run, FUNCTIONS) == "SUCCEEDED"
    assert jobs.codes["count"] == []
    assert json.loads(jobs.results(run)["counts.json"]) == {}


def test_one_piece_is_a_plain_job(jobs: Jobs) -> None:
    """A short text has one item, and its array is one job."""
    run = jobs.upload(pipeline, "word-count/short.txt", b"one two two")
    assert jobs.drive(run, FUNCTIONS) == "SUCCEEDED"
    assert (jobs.codes["count"], jobs.results(run)["top.csv"]) == ([0], "word,count\ntwo,2\none,1\n")


@pytest.mark.parametrize(
    "key",
    ["word-count/a b+c%20'd\"e.txt", "word-count/ü/東京 ✓.txt", "word-count/" + "k" * (1024 - 15) + ".txt"],
    ids=["spaces and quotes", "Unicode", "1,024 bytes"],
)
def test_odd_keys_are_read_as_they_are(key: str, jobs: Jobs) -> None:
    """Whatever S3 takes as a key is read back by it."""
    run = jobs.upload(pipeline, key, b"one two")
    assert jobs.drive(run, FUNCTIONS) == "SUCCEEDED"
    assert json.loads(jobs.results(run)["counts.json"]) == {"one": 1, "two": 1}


def test_a_binary_file_fails_with_its_reason(jobs: Jobs) -> None:
    """Bytes that are no UTF-8 fail the child that meets them; it names the byte of the file and says what to
    do.
    """
    text = "caf\u00e9 \u6771\u4eac\n".encode() * 3_000
    run = jobs.upload(pipeline, "word-count/binary.txt", text + b"\xff\xfe\x00\x01" + text)
    assert jobs.drive(run, FUNCTIONS) == "FAILED"
    child = jobs.codes["count"].index(1)
    report = jobs.failure(run, "count", child)
    assert (report["error"], report["item"]) == ("TextError", child)
    assert report["message"].startswith(
        f"s3://inbox/word-count/binary.txt, byte {len(text)}: expected a text in UTF-8, found b'\\xff\\xfe"
    )


@pytest.mark.parametrize(
    "text",
    ["\ufeffone two\r\ntwo", "one\ttwo\x0btwo", "One TWO two"],
    ids=["mark and CRLF", "other spaces", "case"],
)
def test_marks_and_spaces_are_no_words(text: str, jobs: Jobs) -> None:
    """A byte order mark, line ends of any kind and other white space only stand between words."""
    run = jobs.upload(pipeline, "word-count/a.txt", text.encode())
    assert jobs.drive(run, FUNCTIONS) == "SUCCEEDED"
    assert json.loads(jobs.results(run)["counts.json"]) == {"one": 1, "two": 2}


def test_a_text_without_spaces_is_one_word(jobs: Jobs) -> None:
    """Nothing is cut inside a word, however long."""
    run = jobs.upload(pipeline, "word-count/long.txt", ("\u00e9" * 50_000).encode())
    assert jobs.drive(run, FUNCTIONS) == "SUCCEEDED"
    assert json.loads(jobs.results(run)["counts.json"]) == {"\u00e9" * 50_000: 1}
