"""Where a step publishes files."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from mimetypes import MimeTypes
from pathlib import Path
from typing import IO, Any

from sluice import keys
from sluice.aws.multipart import MultipartWriter, PartWriter
from sluice.runtime.interface.object_file import WritableObject

_READ_BYTES = 1024 * 1024
# Of Python itself alone: what a name means does not depend on the files of an image.
_TYPES = MimeTypes(filenames=())
_UNKNOWN = "application/octet-stream"


@dataclass(frozen=True, slots=True)
class Out:
    """Where a step publishes files: the run's own folder in the results bucket.

    The content type is guessed from the file's name where none is given. A file appears whole or not at all,
    and one of the same name is replaced.
    """

    s3: PartWriter
    bucket: str
    pipeline: str
    run: str

    def write(self, name: str, data: bytes | str, *, content_type: str | None = None) -> str:
        """Publish a file and return its address, ``s3://…``; text is written as UTF-8.

        Raises ValueError for what is not a file name.
        """
        key, body = self._key(name), data.encode() if isinstance(data, str) else data
        kind = content_type or _content_type(name, is_text=isinstance(data, str))
        self.s3.put_object(Bucket=self.bucket, Key=key, Body=body, ContentType=kind)
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
        writer = MultipartWriter(self.s3, self.bucket, self._key(name), options={"ContentType": kind})
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
        return keys.result(self.pipeline, self.run, name)

    def _address(self, key: str) -> str:
        return f"s3://{self.bucket}/{key}"


def _content_type(name: str, *, is_text: bool) -> str:
    """Return the type of a file by its name; text that is written here is UTF-8."""
    kind = _TYPES.guess_type(name)[0] or ("text/plain" if is_text else _UNKNOWN)
    return f"{kind}; charset=utf-8" if is_text and kind.startswith("text/") else kind
