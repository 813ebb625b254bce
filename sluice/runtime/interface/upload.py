"""The files that started a run, as step functions read them."""

from __future__ import annotations

import builtins
import io
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, ClassVar

from botocore.exceptions import ClientError

from sluice.aws.streaming import lines, pieces
from sluice.errors import InputMissingError, OtherTriggerError
from sluice.items.manifest import read_slice
from sluice.run.uploads import uploads_of
from sluice.runtime.clients import Body, ObjectReader
from sluice.runtime.interface.object_file import BUFFER_BYTES, ReadableObject
from sluice.triggers.trigger_event import Request, S3Object, UploadGroup

_PROBE_BYTES = 16 * 1024
_LARGEST_PROBE_BYTES = 8 * 1024 * 1024
_READ_BYTES = 256 * 1024
# NoSuchKey and NoSuchVersion when the reader may list the bucket; a HEAD-like 404 has no code of its own.
_GONE = ("NoSuchKey", "NoSuchVersion", "404", "PreconditionFailed")


@dataclass(frozen=True, slots=True)
class Upload:
    """An uploaded object: exactly the version that was uploaded, read in ranges of bytes."""

    kind: ClassVar[str] = S3Object.kind
    source: S3Object
    s3: ObjectReader

    @property
    def upload(self) -> Upload:
        """Return the upload itself: all triggers have this property."""
        return self

    @property
    def uploads(self) -> Iterator[Upload]:
        """Yield the one upload: all triggers have this property."""
        yield self

    @property
    def input(self) -> dict[str, Any]:
        """Return what is known of the object: its bucket, key, version, etag and size."""
        return asdict(self.source)

    @property
    def key(self) -> str:
        """Return the object's key."""
        return self.source.key

    @property
    def size(self) -> int:
        """Return the size in bytes."""
        return self.source.size

    def read(self, start: int, stop: int) -> builtins.bytes:
        """Return the bytes from ``start`` up to, without, ``stop``, as far as there are any. Memory: all of
        them.

        Raises InputMissingError.
        """
        return b"".join(self._pieces(start, stop, max(stop - start, 1)))

    def open(self) -> io.BufferedReader:
        """Return the upload as a binary file that can be read from anywhere: what pandas, PIL or zipfile
        read.

        It asks S3 for a megabyte at a time, or for as much as is read at once. Memory: that much. Reading
        raises InputMissingError.
        """
        return io.BufferedReader(ReadableObject(self.size, self.read), BUFFER_BYTES)

    def bytes(self) -> builtins.bytes:
        """Return the whole content. Memory: all of it. Raises InputMissingError."""
        return self.read(0, self.size)

    def text(self, encoding: str = "utf-8") -> str:
        """Return the whole content as text. Memory: all of it. Raises InputMissingError, and
        UnicodeDecodeError for what is not text in this encoding.
        """
        return self.bytes().decode(encoding)

    def download(self, path: str | Path) -> Path:
        """Write the content into a file on the container's disk, whose folder is there, and return its path.

        Memory: 256 KiB. Raises InputMissingError.
        """
        path = Path(path)
        with path.open("wb") as file:
            for piece in self._pieces(0, self.size, _READ_BYTES):
                file.write(piece)
        return path

    def lines(self, start: int, stop: int) -> Iterator[tuple[int, builtins.bytes]]:
        r"""Yield the lines of a range, each with its offset and without its line end (``\n`` or ``\r\n``),
        reading as it goes.

        Memory: a line, and 256 KiB. Raises InputMissingError.
        """
        offset = start
        for line in lines(self._pieces(start, stop, _READ_BYTES)):
            yield offset, line.removesuffix(b"\n").removesuffix(b"\r")
            offset += len(line)

    def ranges(
        self, *, start: int, size: int, separators: builtins.bytes = b"\n"
    ) -> Iterator[tuple[int, int]]:
        """Yield ranges from ``start`` to the end, each of at least ``size`` bytes, but for the last, and
        ending after a separator.

        ``separators`` are single bytes below 128, which UTF-8 has in no other character. Reads only near the
        cuts: 16 KiB a cut, and more where that holds no separator.
        """
        if size < 1:
            raise ValueError(f"Expected ranges of at least one byte, found {size}.")
        while start < self.size:
            stop = self._after_separator(start + size, separators)
            yield start, stop
            start = stop

    def _after_separator(self, position: int, separators: builtins.bytes) -> int:
        window = _PROBE_BYTES
        while position < self.size:
            probe = self.read(position - 1, position - 1 + window)
            found = [
                at for at in (probe.find(separators[n : n + 1]) for n in range(len(separators))) if at >= 0
            ]
            if found:
                return position + min(found)
            # A text without separators is read to its end; larger and larger windows keep the number of reads
            # small.
            position, window = position + len(probe), min(window * 2, _LARGEST_PROBE_BYTES)
        return self.size

    def _pieces(self, start: int, stop: int, size: int) -> Iterator[builtins.bytes]:
        stop = min(stop, self.size)
        if start < stop:
            yield from pieces(lambda offset: self._body(offset, stop), start, size)

    def _body(self, start: int, stop: int) -> Body:
        source, span = self.source, f"bytes={start}-{stop - 1}"
        try:
            answer = self.s3.get_object(Bucket=source.bucket, Key=source.key, Range=span, **self._version())
        except ClientError as error:
            if error.response["Error"]["Code"] not in _GONE:
                raise
            raise InputMissingError(
                f"{source.uri} (version {source.version_id or 'none'}) was deleted before it was read. Upload"
                " it again."
            ) from error
        body: Body = answer["Body"]
        return body

    def _version(self) -> dict[str, str]:
        if self.source.version_id:
            return {"VersionId": self.source.version_id}
        return {"IfMatch": self.source.etag} if self.source.etag else {}


@dataclass(frozen=True, slots=True)
class Uploads:
    """The objects of a group that started the run together."""

    kind: ClassVar[str] = UploadGroup.kind
    source: UploadGroup
    s3: ObjectReader

    @property
    def input(self) -> dict[str, Any]:
        """Return what is known of the group: its bucket, prefix and suffix, and how many files it has."""
        return asdict(self.source)

    @property
    def count(self) -> int:
        """Return the number of files."""
        return self.source.files

    @property
    def upload(self) -> Upload:
        """Return the only file of a group of one; raises OtherTriggerError for more."""
        if self.count != 1:
            raise OtherTriggerError(
                f"Expected a run that one upload started, found a group of {self.count}. Use trigger.uploads,"
                " or item.upload in an array."
            )
        return next(self.uploads)

    @property
    def uploads(self) -> Iterator[Upload]:
        """Yield the files in the order of their keys, reading their list as it goes."""
        for item in read_slice(self.s3, self.source.work_bucket, self.source.manifest, 0, self.count):
            yield Upload(S3Object.from_dict(item), self.s3)


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestOfUploads(Request):
    """A request whose input lists files: ``{"uploads": [{"bucket", "key", "version_id", "etag",
    "size"}]}``.
    """

    s3: ObjectReader

    @property
    def upload(self) -> Upload:
        """Return the only file; raises OtherTriggerError for none or several."""
        found = list(self.uploads)
        if len(found) != 1:
            raise OtherTriggerError(
                f"Expected a request with one upload, found {len(found)}. Use trigger.uploads, or"
                " item.upload."
            )
        return found[0]

    @property
    def uploads(self) -> Iterator[Upload]:
        """Yield the files in the order of the list."""
        for file in uploads_of(self) or []:
            yield Upload(file, self.s3)
