"""Reads an object of S3 as a stream that outlives its connections.

Who works slowly on what it reads leaves the connection idle, and S3 closes idle ones; botocore repeats a
request, but not the reading of its answer.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator
from typing import Any

from botocore.exceptions import HTTPClientError, IncompleteReadError

_BROKEN = (HTTPClientError, IncompleteReadError)
_TRIES = 4
"""Requests in a row that give not one byte."""

Open = Callable[[int], Any]
"""Returns the body of an object from this offset on."""


def pieces(open_at: Open, start: int, size: int) -> Generator[bytes, None, None]:
    """Yield the bytes from ``start`` to the end of what ``open_at`` opens, at most ``size`` at once, anew
    from where a connection broke.
    """
    offset, fruitless = start, 0
    while True:
        body = open_at(offset)
        try:
            while piece := body.read(size):
                offset, fruitless = offset + len(piece), 0
                yield piece
            return
        except _BROKEN:
            fruitless += 1
            if fruitless == _TRIES:
                raise
        finally:
            body.close()


def lines(stream: Iterable[bytes]) -> Iterator[bytes]:
    r"""Yield the lines of a stream with their ends; only ``\n`` ends a line."""
    pending: list[bytes] = []
    for piece in stream:
        head, *others = piece.split(b"\n")
        pending.append(head)
        for line in others:
            pending.append(b"\n")
            yield b"".join(pending)
            pending = [line]
    if any(pending):
        yield b"".join(pending)
