"""Objects are read as streams that outlive their connections, and lines are what ends with a line feed."""

from __future__ import annotations

import io

import pytest
from botocore.exceptions import IncompleteReadError, ReadTimeoutError
from hypothesis import given
from hypothesis import strategies as st

from sluice.aws.streaming import lines, pieces

DATA = bytes(range(200))


class Body(io.BytesIO):
    """The body of an answer whose connection breaks after some bytes."""

    def __init__(self, data: bytes, breaks_after: int, error: Exception) -> None:
        """Serve these bytes, and then no more than that."""
        super().__init__(data)
        self.left, self.error = breaks_after, error

    def read(self, size: int | None = -1, /) -> bytes:
        """Read, or break."""
        if self.left <= 0:
            raise self.error
        data = super().read(min(size or 0, self.left))
        self.left -= len(data)
        return data


@pytest.mark.parametrize(
    "error", [ReadTimeoutError(endpoint_url="s3"), IncompleteReadError(actual_bytes=1, expected_bytes=2)]
)
def test_a_broken_connection_is_opened_anew_where_it_broke(error: Exception) -> None:
    """Nothing is lost and nothing comes twice, however often connections break, as long as each brings
    something.
    """
    opened: list[int] = []

    def open_at(offset: int) -> Body:
        opened.append(offset)
        return Body(DATA[offset:], 30, error)

    assert b"".join(pieces(open_at, 10, 8)) == DATA[10:]
    assert opened == [10, 40, 70, 100, 130, 160, 190]


def test_connections_that_bring_nothing_are_given_up() -> None:
    """After four in a row the error goes on, and every body is closed."""
    bodies = [Body(DATA, 0, ReadTimeoutError(endpoint_url="s3")) for _ in range(5)]
    opened = iter(bodies)
    with pytest.raises(ReadTimeoutError):
        list(pieces(lambda offset: next(opened), 0, 8))
    assert [body.closed for body in bodies] == [True] * 4 + [False]


def test_a_reader_that_stops_closes_the_connection() -> None:
    """What is not wanted is not kept open."""
    body = Body(DATA, 200, ValueError())
    stream = pieces(lambda offset: body, 0, 8)
    next(stream)
    stream.close()
    assert body.closed


@given(data=st.text(alphabet="ab\r\n\u0085\u2028", max_size=60).map(str.encode), size=st.integers(1, 9))
def test_lines_end_with_a_line_feed_and_nothing_else(data: bytes, size: int) -> None:
    """However the bytes come, the lines are those of the whole, and together they are the whole."""
    found = list(lines(data[at : at + size] for at in range(0, len(data), size)))
    assert b"".join(found) == data
    assert all(line.endswith(b"\n") for line in found[:-1])
    assert all(b"\n" not in line[:-1] for line in found)
