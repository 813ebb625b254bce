"""What step functions are given. Import the types from here.

- ``def plan(upload: Upload) -> Iterator[dict]``
- ``def each(item: Item, out: Out) -> dict``
- ``def fan_in(results: Results, out: Out) -> None``
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from sluice import keys
from sluice.errors import InputMissingError
from sluice.trigger import S3Object

_PROBE_BYTES = 16 * 1024
_READ_BYTES = 256 * 1024
# NoSuchKey and NoSuchVersion when the reader may list the bucket; a HEAD-like 404 has no code of its own.
_GONE = ("NoSuchKey", "NoSuchVersion", "404")


@dataclass(frozen=True, slots=True)
class Upload:
    """The object that started the run: exactly the version that was uploaded, read in ranges of bytes."""

    source: S3Object
    s3: Any

    @property
    def key(self) -> str:
        """Return the object's key."""
        return self.source.key

    @property
    def size(self) -> int:
        """Return the size in bytes."""
        return self.source.size

    def read(self, start: int, stop: int) -> bytes:
        """Return the bytes from ``start`` up to, without, ``stop``, as far as there are any; raises InputMissingError."""
        stop = min(stop, self.size)
        return bytes(self._body(start, stop).read()) if start < stop else b""

    def lines(self, start: int, stop: int) -> Iterator[tuple[int, bytes]]:
        """Yield the lines of a range, each with its offset and without its line end, reading as it goes; raises InputMissingError."""
        if start >= min(stop, self.size):
            return
        offset = start
        for line in self._body(start, min(stop, self.size)).iter_lines(chunk_size=_READ_BYTES, keepends=True):
            yield offset, line.rstrip(b"\r\n")
            offset += len(line)

    def ranges(self, *, start: int, size: int, separators: bytes = b"\n") -> Iterator[tuple[int, int]]:
        """Yield ranges of about ``size`` bytes from ``start`` to the end, each ending behind a separator; reads only near the cuts."""
        while start < self.size:
            stop = self._behind_separator(start + size, separators)
            yield start, stop
            start = stop

    def _behind_separator(self, position: int, separators: bytes) -> int:
        while position < self.size:
            probe = self.read(position - 1, position - 1 + _PROBE_BYTES)
            found = [at for at in (probe.find(separators[n : n + 1]) for n in range(len(separators))) if at >= 0]
            if found:
                return position + min(found)
            position += len(probe)
        return self.size

    def _body(self, start: int, stop: int) -> Any:
        version = {"VersionId": self.source.version_id} if self.source.version_id else {}
        span = f"bytes={start}-{stop - 1}"
        try:
            return self.s3.get_object(Bucket=self.source.bucket, Key=self.source.key, Range=span, **version)["Body"]
        except ClientError as error:
            if error.response["Error"]["Code"] not in _GONE:
                raise
            raise InputMissingError(
                f"{self.source.uri} (version {self.source.version_id or 'none'}) was deleted before it was read. Upload it again."
            ) from error


class Item(dict[str, Any]):
    """One item of the plan, a dict. ``number`` is its place among all items, ``upload`` the run's input.

    ``previous`` is what the array that this one follows returned for the same item, None in the first array.
    """

    def __init__(self, value: dict[str, Any], *, number: int, upload: Upload, previous: Any = None) -> None:
        super().__init__(value)
        self.number = number
        self.upload = upload
        self.previous = previous


@dataclass(frozen=True, slots=True)
class Out:
    """Where a step publishes files: the run's own folder in the results bucket."""

    s3: Any
    bucket: str
    pipeline: str
    run: str

    def write(self, name: str, data: bytes | str) -> str:
        """Publish a file and return its address; the same name again replaces it."""
        key = keys.result(self.pipeline, self.run, name)
        self.s3.put_object(Bucket=self.bucket, Key=key, Body=data.encode() if isinstance(data, str) else data)
        return f"s3://{self.bucket}/{key}"


Results = Callable[[str], Iterator[tuple[int, Any]]]
"""``results("count")`` yields (item number, what ``count`` returned for it), in order, reading as it goes."""
