"""word_count from the upload to the results, in the process of the test."""

from __future__ import annotations

import json
import re
from collections import Counter

import pytest

from containers.word_count import steps
from pipelines.word_count import pipeline
from sluice.testing import RunOutcome, run

TEXT = ("The quick brown fox, the lazy dog. Zürich's Straße \u2013 naïve café 東京\n" * 900).encode()


def one_pass(text: bytes) -> dict[str, int]:
    """Count the words in one go, without the pipeline's code."""
    return Counter(word.lower() for word in re.findall(r"[^\W\d_]+(?:['\u2019][^\W\d_]+)*", text.decode()))


def counts(ran: RunOutcome) -> dict[str, int]:
    """Return what a run has published, which must have succeeded."""
    assert ran.succeeded, ran
    found: dict[str, int] = ran.files["counts.json"].json()
    return found


def test_counts_equal_one_pass_over_the_text(monkeypatch: pytest.MonkeyPatch) -> None:
    """A text of several pieces gives the counts of the whole text."""
    monkeypatch.setattr(steps, "_MIN_PIECE_BYTES", 4096)
    ran = run(pipeline, files={"a.txt": TEXT})
    assert counts(ran) == one_pass(TEXT)
    assert ran.steps["count"].children > 2


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("cafe\u0301 caf\u00e9 CAFE\u0301", {"caf\u00e9": 3}),
        ("हिन्दी भाषा", {"हिन्दी": 1, "भाषा": 1}),
        ("\u0645\u06cc\u200c\u062e", {"\u0645\u06cc\u200c\u062e": 1}),
        ("col·legi l'eau rock \u2019n\u2019 roll", {"col·legi": 1, "l'eau": 1, "rock": 1, "n": 1, "roll": 1}),
        ("x2 3rd 42", {"x": 1, "rd": 1}),
    ],
    ids=["accents", "vowel signs", "joiners", "between letters", "numbers"],
)
def test_words_are_cut_as_unicode_says(text: str, words: dict[str, int]) -> None:
    """Whatever script they are in."""
    assert steps.count_words(text) == words


def test_an_empty_text_has_no_words() -> None:
    """The plan finds nothing, the arrays have no jobs, and the fan-in publishes that."""
    ran = run(pipeline, files={"empty.txt": b""})
    assert (counts(ran), ran.steps["count"].state) == ({}, "EMPTY")


def test_one_piece_is_a_plain_job() -> None:
    """A short text has one item, and its array is one job."""
    ran = run(pipeline, files={"short.txt": b"one two two"})
    assert (ran.steps["count"].children, ran.files["top.csv"]) == (1, b"word,count\ntwo,2\none,1\n")


@pytest.mark.parametrize(
    "key",
    ["word-count/a b+c%20'd\"e.txt", "word-count/ü/東京 ✓.txt", "word-count/" + "k" * (1024 - 15) + ".txt"],
    ids=["spaces and quotes", "Unicode", "1,024 bytes"],
)
def test_odd_keys_are_read_as_they_are(key: str) -> None:
    """Whatever S3 takes as a key is read back by it."""
    assert counts(run(pipeline, files={key: b"one two"})) == {"one": 1, "two": 1}


def test_a_binary_file_fails_with_its_reason() -> None:
    """Bytes that are no UTF-8 fail the child that meets them; it names the byte of the file and says what to
    do.
    """
    text = "caf\u00e9 \u6771\u4eac\n".encode() * 3_000
    ran = run(pipeline, files={"binary.txt": text + b"\xff\xfe\x00\x01" + text})
    (failed,) = ran.steps["count"].failed
    assert str(failed.error).startswith(
        f"TextError: s3://inbox/word-count/binary.txt, byte {len(text)}: expected a text in UTF-8, found"
        " b'\\xff\\xfe"
    )


@pytest.mark.parametrize(
    "text",
    ["\ufeffone two\r\ntwo", "one\ttwo\x0btwo", "One TWO two"],
    ids=["mark and CRLF", "other spaces", "case"],
)
def test_marks_and_spaces_are_no_words(text: str) -> None:
    """A byte order mark, line ends of any kind and other white space only stand between words."""
    assert counts(run(pipeline, files={"a.txt": text})) == {"one": 1, "two": 2}


def test_a_text_without_spaces_is_one_word() -> None:
    """Nothing is cut inside a word, however long."""
    assert counts(run(pipeline, files={"long.txt": "\u00e9" * 50_000})) == {"\u00e9" * 50_000: 1}


def test_the_published_files_have_their_types() -> None:
    """By their names."""
    files = run(pipeline, files={"a.txt": b"one"}).files
    assert {name: file.content_type for name, file in files.items()} == {
        "counts.json": "application/json",
        "top.csv": "text/csv; charset=utf-8",
    }
    assert json.loads(files["counts.json"]) == {"one": 1}
