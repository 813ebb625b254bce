"""Reads an object of S3 as a stream that outlives its connections.

A slow reader leaves the connection idle, and S3 closes idle ones; botocore repeats a request, but not the
reading of its answer.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator
from typing import Protocol

from botocore.exceptions import HTTPClientError, IncompleteReadError

from sluice.aws.retrying import Backoff

_BROKEN = (HTTPClientError, IncompleteReadError)
_ATTEMPTS = 4
"""Requests in a row that return not one byte."""
_BASE_SECONDS = 0.1


class Body(Protocol):
    """The body of an answer, as botocore's."""

    def read(self, size: int, /) -> bytes:
        """Return the next bytes, none at the end."""

    def close(self) -> None:
        """Close the connection."""


Open = Callable[[int], Body]
"""Returns the body of an object from this offset on."""


def pieces(open_at: Open, start: int, size: int) -> Generator[bytes, None, None]:
    """Yield the bytes from ``start`` to the end of what ``open_at`` opens, at most ``size`` in a piece; a
    broken connection is opened again where it broke.
    """
    offset, backoff = start, Backoff(attempts=_ATTEMPTS, base=_BASE_SECONDS)
    while True:
        body = open_at(offset)
        try:
            while piece := body.read(size):
                offset += len(piece)
                backoff.reset()
                yield piece
            return
        except _BROKEN:
            if not backoff.try_again():
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
