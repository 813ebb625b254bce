"""Lists, reads and downloads the files that a run has published."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from botocore.exceptions import ClientError

from sluice.aws.streaming import Body, pieces
from sluice.operate.clients import ObjectReader
from sluice.operate.errors import ResultsUnreadableError
from sluice.receipts.location import Location

_PIECE_BYTES = 1024 * 1024
_UNREADABLE = {
    "NoSuchBucket": "no bucket {bucket}",
    "AccessDenied": "that s3:ListBucket is refused to these credentials",
}
"""What S3's answers say of a folder: https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html"""


@dataclass(frozen=True, slots=True)
class ResultFile:
    """A published file: its name, its key in the results bucket, and its size in bytes."""

    name: str
    key: str
    size: int


def list_results(s3: ObjectReader, location: Location) -> Iterator[ResultFile]:
    """Yield the files in a folder of results, by name, the receipt included.

    Raises ResultsUnreadableError where the bucket, which may be a team's own, is not there or refuses it.
    """
    bucket, prefix = location.bucket, location.prefix
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    try:
        for page in pages:
            for item in page.get("Contents", ()):
                yield ResultFile(item["Key"].removeprefix(prefix), item["Key"], item["Size"])
    except ClientError as error:
        found = _UNREADABLE.get(error.response["Error"]["Code"])
        if found is None:
            raise
        raise ResultsUnreadableError(location.uri, found.format(bucket=bucket)) from error


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
