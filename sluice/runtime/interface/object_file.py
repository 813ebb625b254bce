"""An object of S3 as a file: read in ranges from anywhere, or written from its beginning to its end."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

from sluice.aws.multipart import MultipartWriter

BUFFER_BYTES = 1024 * 1024


class ReadableObject(io.RawIOBase):
    """The bytes of an object of this size, as ``read(start, stop)`` returns them; position and seeking are
    those of any binary file.
    """

    def __init__(self, size: int, read: Callable[[int, int], bytes]) -> None:
        """Begin at the first byte."""
        super().__init__()
        self._size, self._read, self._position = size, read, 0

    def readable(self) -> bool:
        """Return that it can be read."""
        return True

    def seekable(self) -> bool:
        """Return that it can be read from any position."""
        return True

    def tell(self) -> int:
        """Return the position."""
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        """Move to a position, and return it; raises ValueError for one before the beginning."""
        origin = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size}
        position = origin[whence] + offset
        if position < 0:
            raise ValueError(f"Expected a position of 0 or more, found {position}.")
        self._position = position
        return position

    def readinto(self, buffer: Any, /) -> int:
        """Fill a buffer with the next bytes, as far as there are any, by one request."""
        stop = min(self._position + len(buffer), self._size)
        if stop <= self._position:
            return 0
        data = self._read(self._position, stop)
        buffer[: len(data)] = data
        self._position += len(data)
        return len(data)


class WritableObject(io.RawIOBase):
    """Writes into an object that is being made; it can tell its position, and not seek."""

    def __init__(self, writer: MultipartWriter) -> None:
        """Begin with nothing."""
        super().__init__()
        self._writer = writer

    def writable(self) -> bool:
        """Return that it can be written."""
        return True

    def tell(self) -> int:
        """Return how many bytes were written."""
        return self._writer.size

    def write(self, data: Any, /) -> int:
        """Append data, and return how many bytes it has."""
        self._writer.write(bytes(data))
        return memoryview(data).nbytes
