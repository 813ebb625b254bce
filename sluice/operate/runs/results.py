"""Lists, reads and downloads the files that a run has published."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sluice.aws.streaming import Body, pieces
from sluice.operate.clients import ObjectReader
from sluice.receipts.location import Location

_PIECE_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True)
class ResultFile:
    """A published file: its name, its key in the results bucket, and its size in bytes."""

    name: str
    key: str
    size: int


def list_results(s3: ObjectReader, location: Location) -> Iterator[ResultFile]:
    """Yield the files in a folder of results, by name, the receipt included."""
    bucket, prefix = location.bucket, location.prefix
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
        for item in page.get("Contents", ()):
            yield ResultFile(item["Key"].removeprefix(prefix), item["Key"], item["Size"])


def read_result(s3: ObjectReader, bucket: str, file: ResultFile) -> bytes:
    """Return the content of a published file."""
    content: bytes = s3.get_object(Bucket=bucket, Key=file.key)["Body"].read()
    return content


def download_result(s3: ObjectReader, bucket: str, file: ResultFile, path: Path) -> None:
    """Write a published file to a path whose folder is there. Memory: 1 MiB.

    It is written beside the path and put there when it is whole, so that a broken download leaves no half
    file.
    """

    def open_at(offset: int) -> Body:
        answer = s3.get_object(Bucket=bucket, Key=file.key, Range=f"bytes={offset}-")
        body: Body = answer["Body"]
        return body

    part = path.with_name(f"{path.name}.part")
    with part.open("wb") as target:
        for piece in pieces(open_at, 0, _PIECE_BYTES) if file.size else ():
            target.write(piece)
    part.replace(path)
