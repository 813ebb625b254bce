"""Ratings, as they are in the lines of the uploaded CSV: who rated what, and how much."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator
from typing import NamedTuple

from sluice.steps import Upload

COLUMNS = ("user", "item")
RATING = "rating"
_MAX_NAME_CHARACTERS = 200
"""Two names and three numbers are an item of a plan, of at most 8 KiB."""

Vectors = dict[str, dict[str, float]]
"""What each user gave each item."""


class RatingError(ValueError):
    """The uploaded file is not a CSV of ratings."""


class Rating(NamedTuple):
    """One line: a rating is positive, and 1 where the file has no column of that name."""

    user: str
    item: str
    rating: float


def ratings(upload: Upload) -> Iterator[Rating]:
    """Yield the ratings of a file, reading as it goes; raises RatingError, naming the byte, for what is
    none.
    """
    lines = upload.lines(0, upload.size)
    header = [
        name.strip() for name in _cells(next(lines, (0, b""))[1].removeprefix(b"\xef\xbb\xbf"), upload, 0)
    ]
    if any(name not in header for name in COLUMNS):
        raise RatingError(
            f"{upload.source.uri}, first line: expected a header with user, item and, if there is one,"
            f" rating, found {','.join(header)[:200]!r}. Upload a CSV with these columns."
        )
    for offset, line in lines:
        if line:
            cells = _cells(line, upload, offset)
            if len(cells) != len(header):
                raise _refused(upload, offset, f"expected {len(header)} columns, found {len(cells)}")
            yield _rating(dict(zip(header, cells, strict=True)), upload, offset)


def vectors(upload: Upload) -> Vectors:
    """Return what each user gave each item; several ratings of an item by a user add up.

    Memory: every pair of a user and an item.
    """
    found: Vectors = {}
    for user, item, rating in ratings(upload):
        given = found.setdefault(user, {})
        given[item] = given.get(item, 0.0) + rating
    return found


def _rating(row: dict[str, str], upload: Upload, offset: int) -> Rating:
    user, item = row["user"].strip(), row["item"].strip()
    if not user or not 0 < len(item) <= _MAX_NAME_CHARACTERS:
        expected = f"expected a user and an item of at most {_MAX_NAME_CHARACTERS} characters"
        raise _refused(upload, offset, f"{expected}, found {user[:40]!r} and {item[:40]!r}")
    try:
        rating = float(row.get(RATING, "1"))
    except ValueError:
        rating = math.nan
    if not 0 < rating < math.inf:
        raise _refused(upload, offset, f"expected a positive number as rating, found {row[RATING][:40]!r}")
    return Rating(user, item, rating)


def _cells(line: bytes, upload: Upload, offset: int) -> list[str]:
    """Return the cells of a line of CSV, read strictly."""
    try:
        text = line.decode()
    except UnicodeDecodeError as error:
        raise _refused(upload, offset, f"expected CSV in UTF-8, found {error}") from error
    try:
        return next(csv.reader([text], strict=True), [])
    except csv.Error as error:
        raise _refused(upload, offset, _why(text, error)) from error


def _why(text: str, error: csv.Error) -> str:
    if "\r" in text:
        return "expected lines that end in LF or CRLF, found a CR alone"
    if text.count('"') % 2:
        return "expected a quote that is closed in its line, found one that is not"
    return f"expected cells quoted as a whole or not at all, found {error}"


def _refused(upload: Upload, offset: int, what: str) -> RatingError:
    return RatingError(f"At byte {offset} of {upload.source.uri}: {what}. Correct the line.")
