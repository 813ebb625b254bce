"""A folder of results, in S3 or on disk: what is in it, and the checksums of its files."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from botocore.exceptions import ClientError

from sluice.aws.streaming import Body, pieces
from sluice.operate.clients import ObjectReader
from sluice.operate.errors import OperationError
from sluice.receipts.location import Location

_READ_BYTES = 1024 * 1024
_AT_A_TIME = 8
_GONE = ("NoSuchKey", "404")


class Folder(Protocol):
    """A folder of results."""

    @property
    def address(self) -> str:
        """Return where it is, for people."""

    def sizes(self) -> dict[str, int]:
        """Return the files below it with their sizes in bytes, by name."""

    def read(self, name: str) -> bytes | None:
        """Return the whole content of a file, None where there is none."""

    def digests(self, names: Iterable[str]) -> Iterator[tuple[str, str]]:
        """Yield the SHA-256 of each of these files, in hexadecimal; of one that is gone by then, nothing."""


@dataclass(frozen=True, slots=True)
class Directory:
    """A folder on disk, such as what ``sluice results RUN --download DIR`` wrote: no cloud is asked."""

    path: Path

    @property
    def address(self) -> str:
        """Return the path."""
        return str(self.path)

    def sizes(self) -> dict[str, int]:
        """Return the files below it; a link counts as the file that it leads to."""
        found = sorted(path for path in self.path.rglob("*") if path.is_file())
        return {path.relative_to(self.path).as_posix(): path.stat().st_size for path in found}

    def read(self, name: str) -> bytes | None:
        """Return the content of a file."""
        path = self.path / name
        return path.read_bytes() if path.is_file() else None

    def digests(self, names: Iterable[str]) -> Iterator[tuple[str, str]]:
        """Yield the checksums."""
        for name in names:
            try:
                with (self.path / name).open("rb") as file:
                    yield name, hashlib.file_digest(file, "sha256").hexdigest()
            except FileNotFoundError:
                continue


@dataclass(frozen=True, slots=True)
class S3Folder:
    """A folder in S3: every file is read once, some at a time."""

    s3: ObjectReader
    location: Location

    @property
    def address(self) -> str:
        """Return the address."""
        return self.location.uri

    def sizes(self) -> dict[str, int]:
        """Return the files below the prefix."""
        prefix = self.location.prefix
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=self.location.bucket, Prefix=prefix)
        listed = (one for page in pages for one in page.get("Contents", ()))
        return {one["Key"].removeprefix(prefix): one["Size"] for one in listed}

    def read(self, name: str) -> bytes | None:
        """Return the content of a file; raises OperationError for a bucket that is not there."""
        try:
            return b"".join(pieces(lambda offset: self._open(name, offset), 0, _READ_BYTES))
        except ClientError as error:
            code = error.response["Error"]["Code"]
            if code == "NoSuchBucket":
                raise OperationError(
                    f"Expected the bucket {self.location.bucket}, found none. Correct the address, or choose"
                    " another AWS_PROFILE."
                ) from error
            if code not in _GONE:
                raise
            return None

    def digests(self, names: Iterable[str]) -> Iterator[tuple[str, str]]:
        """Yield the checksums."""
        with ThreadPoolExecutor(_AT_A_TIME) as pool:
            for name, digest in pool.map(self._digest, names):
                if digest is not None:
                    yield name, digest

    def _digest(self, name: str) -> tuple[str, str | None]:
        found = hashlib.sha256()
        try:
            for piece in pieces(lambda offset: self._open(name, offset), 0, _READ_BYTES):
                found.update(piece)
        except ClientError as error:
            if error.response["Error"]["Code"] not in _GONE:
                raise
            return name, None
        return name, found.hexdigest()

    def _open(self, name: str, offset: int) -> Body:
        # A range would be refused of an empty file.
        span = {"Range": f"bytes={offset}-"} if offset else {}
        answer = self.s3.get_object(Bucket=self.location.bucket, Key=f"{self.location.prefix}{name}", **span)
        body: Body = answer["Body"]
        return body
