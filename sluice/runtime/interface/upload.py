"""The files that started a run, as step functions read them."""

from __future__ import annotations

import builtins
import io
from collections.abc import Iterator, Mapping, Sequence
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
from sluice.triggers.trigger_event import Request, S3Object, UploadGroup, UploadSet

_PROBE_BYTES = 16 * 1024
_LARGEST_PROBE_BYTES = 8 * 1024 * 1024
_READ_BYTES = 256 * 1024
# NoSuchKey and NoSuchVersion when the reader may list the bucket; a HEAD-like 404 has no code of its own.
_GONE = ("NoSuchKey", "NoSuchVersion", "404")
# Without versions an upload is read on the condition that the object has its ETag still:
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-reads.html
_REPLACED = ("PreconditionFailed", "412")
# What a reader who may not list all of the bucket is told of an object that is gone:
# https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
_NO_ACCESS = ("AccessDenied", "403")


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
        return self.source.to_item()

    @property
    def key(self) -> str:
        """Return the object's key."""
        return self.source.key

    @property
    def version(self) -> str:
        """Return the version's id; empty in a bucket without versions."""
        return self.source.version_id

    @property
    def time(self) -> str:
        """Return when S3 reported the upload, ISO 8601 in UTC; empty where it reported none."""
        return self.source.time

    @property
    def newer_version(self) -> str:
        """Return a version of the same key whose run began before this one's though it is newer; empty when
        there is none.
        """
        return self.source.newer_version

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
            code = error.response["Error"]["Code"]
            if code in _REPLACED:
                raise InputMissingError(
                    f"{source.uri} (ETag {source.etag}) was replaced before it was read, and its bucket keeps"
                    " no versions: what started this run is gone. The object that replaced it starts a run"
                    " of its own. Switch versions on where this matters."
                ) from error
            if code not in (*_GONE, *_NO_ACCESS):
                raise
            refused = ", or may not be read: S3 says AccessDenied of both" if code in _NO_ACCESS else ""
            # What S3 says names the permission, for a role that lacks it.
            words = f" ({error.response['Error'].get('Message', '')})" if refused else ""
            raise InputMissingError(
                f"{source.uri} (version {source.version_id or 'none'}) was deleted before it was"
                f" read{refused}{words}. Upload it again."
            ) from error
        body: Body = answer["Body"]
        return body

    def _version(self) -> dict[str, str]:
        if self.source.version_id:
            return {"VersionId": self.source.version_id}
        etag = self.source.etag.strip('"')
        return {"IfMatch": f'"{etag}"'} if etag else {}


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


@dataclass(frozen=True, slots=True)
class SetOfUploads(Uploads):
    """The files of a set that is whole, or that was late and runs all the same."""

    kind: ClassVar[str] = UploadSet.kind
    source: UploadSet

    @property
    def key(self) -> Mapping[str, str]:
        """Return the partition key of the set, such as ``{"date": "2026-01-01"}``."""
        return self.source.partition

    @property
    def missing(self) -> Sequence[str]:
        """Return what the set lacks, as far as that is known: values of the counted placeholder, or keys; at
        most 100. Empty for a set that is whole.
        """
        return self.source.missing

    @property
    def missing_count(self) -> int:
        """Return how many files the set lacks."""
        return self.source.missing_count

    @property
    def generation(self) -> int:
        """Return how many runs the set was before: files that came later began another."""
        return self.source.generation


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
