"""Where a step publishes files."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from mimetypes import MimeTypes
from pathlib import Path
from typing import IO, Any, Protocol

from sluice import keys
from sluice.aws.conditional_write import ObjectLooker, Place
from sluice.aws.multipart import MultipartWriter, PartWriter
from sluice.runtime.attempt_mark import RUN, is_later, mark
from sluice.runtime.interface.object_file import WritableObject
from sluice.runtime.job_context import JobContext

_READ_BYTES = 1024 * 1024
# Of Python itself alone: what a name means does not depend on the files of an image.
_TYPES = MimeTypes(filenames=())
_UNKNOWN = "application/octet-stream"


class FileWriter(ObjectLooker, PartWriter, Protocol):
    """Writes files to S3."""


@dataclass(frozen=True, slots=True)
class Out:
    """Where a step publishes files: the run's own folder in the results bucket.

    The content type is guessed from the file's name where none is given. A file appears whole or not at all,
    and one of the same name is replaced, unless a later attempt of the same job published it: an attempt
    whose machine was taken for lost may still be at work. Such a one raises NewerObjectError.
    """

    s3: FileWriter
    bucket: str
    pipeline: str
    run: str
    reserved: frozenset[str] = frozenset()
    """The names under which Sluice itself publishes, besides the receipt."""
    prefix: str | None = None
    """The folder, where it is not that of the run in the results bucket."""
    job: JobContext | None = None
    """The attempt that publishes, where there is one."""

    def write(self, name: str, data: bytes | str, *, content_type: str | None = None) -> str:
        """Publish a file and return its address, ``s3://…``; text is written as UTF-8.

        Raises ValueError for what is not a file name.
        """
        key, body = self._key(name), data.encode() if isinstance(data, str) else data
        kind = content_type or _content_type(name, is_text=isinstance(data, str))
        place, write = self._place(key), self.s3.put_object
        place.write(partial(write, Bucket=self.bucket, Key=key, Body=body, **self._options(kind, place)))
        return self._address(key)

    @contextmanager
    def open(self, name: str, mode: str = "wb", *, content_type: str | None = None) -> Iterator[IO[Any]]:
        """Open a file to write it piece by piece: ``with out.open("table.csv", "w") as file``.

        ``mode`` is ``wb`` or, for text in UTF-8, ``w``. The file is published at the end of the block, and
        not when the block raises. Memory: 16 MiB, and up to 128 MiB for files of more than 39 GiB. Raises
        ValueError for what is not a file name, and for another mode.
        """
        if mode not in ("wb", "w"):
            raise ValueError(f"Expected the mode 'wb' or 'w', found {mode!r}.")
        kind = content_type or _content_type(name, is_text=mode == "w")
        place = self._place(self._key(name))
        options = self._options(kind, place)
        writer = MultipartWriter(self.s3, self.bucket, place.key, options=options, commit=place.write)
        binary = io.BufferedWriter(WritableObject(writer))
        file: IO[Any] = binary if mode == "wb" else io.TextIOWrapper(binary, encoding="utf-8", newline="")
        try:
            yield file
            if not file.closed:
                file.flush()
            writer.close()
        except BaseException as error:
            writer.abort(error)
            raise

    def upload(self, path: str | Path, name: str | None = None, *, content_type: str | None = None) -> str:
        """Publish a file of the container's disk, of any size, under its own name or another, and return its
        address.
        """
        path = Path(path)
        name = path.name if name is None else name
        with path.open("rb") as source, self.open(name, content_type=content_type) as file:
            while data := source.read(_READ_BYTES):
                file.write(data)
        return self._address(self._key(name))

    def _key(self, name: str) -> str:
        parts = name.split("/")
        if "" in parts or ".." in parts or "." in parts:
            raise ValueError(
                "Expected a name for a published file, such as totals.csv or 2013/totals.csv, found"
                f" {name!r}."
            )
        if name in keys.OWN_RESULTS:
            what = keys.OWN_RESULTS[name]
            raise ValueError(f"Expected another name than {name!r}, which is that of the run's {what}.")
        if name in self.reserved:
            raise ValueError(
                f"Expected another name for a published file, found {name!r}, under which Sluice publishes"
                " the run's failed items. Choose another name, or a folder."
            )
        return keys.result(self.pipeline, self.run, name) if self.prefix is None else self.prefix + name

    def _place(self, key: str) -> Place:
        job = self.job
        return Place(self.s3, self.bucket, key, lambda found: job is not None and is_later(found, job))

    def _options(self, content_type: str, place: Place) -> dict[str, Any]:
        who = {RUN: self.run} if self.job is None else mark(self.job)
        return {"ContentType": content_type, "Metadata": who | place.metadata}

    def _address(self, key: str) -> str:
        return f"s3://{self.bucket}/{key}"


def _content_type(name: str, *, is_text: bool) -> str:
    """Return the type of a file by its name; text that is written here is UTF-8."""
    kind = _TYPES.guess_type(name)[0] or ("text/plain" if is_text else _UNKNOWN)
    return f"{kind}; charset=utf-8" if is_text and kind.startswith("text/") else kind
