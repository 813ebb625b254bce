"""Counts the words of a text: cut it, count each piece, rank each piece, merge."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any
from unicodedata import category, normalize

from sluice.steps import Item, Out, Results, Upload

# Unicode's rules for words, https://www.unicode.org/reports/tr29/#Word_Boundaries: letters with their marks
# (an accent may be a character of its own, and vowels of Hindi are) and joiners, and between letters an
# apostrophe or a middle dot. Differently from there, numbers are no words, and ideographs are not cut apart.
_MARKS = "".join(chr(code) for code in range(0x300, 0x12000) if category(chr(code)).startswith("M"))
_LETTER = rf"[^\W\d_][{_MARKS}\u200c\u200d\u00ad]*"
_WORD = re.compile(rf"(?:{_LETTER})+(?:['\u2018\u2019\u00b7\u0387\u05f4\u2027](?:{_LETTER})+)*")
_MIN_PIECE_BYTES = 64 * 1024
_MAX_PIECES = 16
_TOP = 100


class TextError(ValueError):
    """The uploaded file is not a text."""


def split(upload: Upload) -> Iterator[dict[str, int]]:
    """Yield pieces that end after a line end or a space, at most 16, so that cutting takes no longer for a
    longer text.
    """
    size = max(_MIN_PIECE_BYTES, -(-upload.size // _MAX_PIECES))
    for start, stop in upload.ranges(start=0, size=size, separators=b"\n "):
        yield {"start": start, "stop": stop}


def count(item: Item, out: Out) -> dict[str, int]:
    """Return how often each word stands in a piece. Memory: the piece, a 16th of the text, a few times
    over.
    """
    data = item.upload.read(item["start"], item["stop"])
    try:
        return dict(count_words(data.decode()))
    except UnicodeDecodeError as error:
        found = data[error.start : error.start + 8]
        raise TextError(
            f"{item.upload.source.uri}, byte {item['start'] + error.start}: expected a text in UTF-8, found"
            f" {found!r}. Save it as UTF-8."
        ) from error


def count_words(text: str) -> Counter[str]:
    """Return how often each word stands in a text; upper and lower case are one, and so are the two ways to
    write an accent.
    """
    return Counter(normalize("NFC", word.lower()) for word in _WORD.findall(text))


def rank(item: Item, out: Out) -> list[tuple[str, int]]:
    """Return the words of a piece, the most frequent first."""
    return ranked(Counter(item.previous))


def ranked(counts: Counter[str]) -> list[tuple[str, int]]:
    """Return words by frequency, then by the alphabet."""
    return sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))


def merge(results: Results, out: Out) -> None:
    """Publish all counts and the most frequent words."""
    total: Counter[str] = Counter()
    for _, words in results("rank"):
        total.update(dict(_pairs(words)))
    out.write("counts.json", json.dumps(total, ensure_ascii=False, sort_keys=True))
    out.write(
        "top.csv", "word,count\n" + "".join(f"{word},{number}\n" for word, number in ranked(total)[:_TOP])
    )


def _pairs(words: list[Any]) -> Iterator[tuple[str, int]]:
    yield from ((word, number) for word, number in words)
