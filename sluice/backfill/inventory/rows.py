"""Reads the rows of a report's files. Memory: some thousand rows; a file is on the disk while it is read."""

from __future__ import annotations

import csv
import gzip
import hashlib
import importlib
import io
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from tempfile import TemporaryFile
from typing import IO, Any
from urllib.parse import unquote_plus

from botocore.exceptions import ClientError

from sluice.aws.streaming import pieces
from sluice.backfill.inventory.finding import ReportBucket, is_missing
from sluice.backfill.inventory.report import CSV, ORC, DataFile, InventoryError, Report

Row = Mapping[str, Any]
"""The read fields of an object, by the names that ORC and Parquet have for them."""
_PIECE = 1024 * 1024
_BATCH = 1_000
_UNREADABLE = (OSError, EOFError, zlib.error, csv.Error, ValueError, KeyError, TypeError)


def check_readable(report: Report) -> None:
    """Raise InventoryError where a package is missing that the report's format needs."""
    if report.format != CSV:
        _pyarrow(report, "pyarrow")


def rows_of(s3: ReportBucket, report: Report) -> Iterator[list[Row]]:
    """Yield the rows of all files, some at a time; raises InventoryError for a file that has another checksum
    than the manifest says, before a row of it is yielded, and for one that is not as the manifest says.
    """
    read = _csv if report.format == CSV else _orc if report.format == ORC else _parquet
    for file in report.files:
        with TemporaryFile() as content:
            _download(s3, report, file, content)
            yield from _reading(read, report, file, content)


def _reading(
    read: Callable[[Report, IO[bytes]], Iterator[list[Row]]],
    report: Report,
    file: DataFile,
    content: IO[bytes],
) -> Iterator[list[Row]]:
    try:
        yield from read(report, content)
    except _UNREADABLE as error:
        raise InventoryError(
            f"Expected a file in {report.format} with the fields of {report.place}, found another in"
            f" s3://{report.bucket}/{file.key}: {str(error)[:300]}"
        ) from error


def _download(s3: ReportBucket, report: Report, file: DataFile, content: IO[bytes]) -> None:
    checksum = hashlib.md5(usedforsecurity=False)

    def open_at(offset: int) -> Any:
        part = {"Range": f"bytes={offset}-"} if offset else {}
        return _get(s3, report, file, part)["Body"]

    for piece in pieces(open_at, 0, _PIECE):
        checksum.update(piece)
        content.write(piece)
    if checksum.hexdigest() != file.md5:
        raise InventoryError(
            f"Expected s3://{report.bucket}/{file.key} to have the MD5 {file.md5}, as {report.place} says,"
            " found"
            f" {checksum.hexdigest()}: it was changed. Take another report."
        )
    content.seek(0)


def _get(s3: ReportBucket, report: Report, file: DataFile, part: Mapping[str, str]) -> Mapping[str, Any]:
    try:
        return s3.get_object(Bucket=report.bucket, Key=file.key, **part)
    except ClientError as error:
        if not is_missing(s3, report.bucket, file.key, error):
            raise
        raise InventoryError(
            f"Expected s3://{report.bucket}/{file.key}, which {report.place} names, found none: the report"
            " is no"
            " longer whole. Take a newer report."
        ) from error


def _csv(report: Report, content: IO[bytes]) -> Iterator[list[Row]]:
    """Yield the rows of a file in CSV, which has no head and is packed; keys are URL-encoded in it.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/storage-inventory.html
    """
    with gzip.open(content, "rb") as unpacked:
        lines = csv.reader(io.TextIOWrapper(unpacked, "utf-8", newline=""))
        batch: list[Row] = []
        for number, line in enumerate(lines, 1):
            batch.append(_row(report.fields, line, number))
            if len(batch) == _BATCH:
                yield batch
                batch = []
    if batch:
        yield batch


def _row(fields: Sequence[str], line: Sequence[str], number: int) -> Row:
    if len(line) != len(fields):
        raise ValueError(f"row {number} has {len(line)} fields and not {len(fields)}")
    found: dict[str, Any] = {name: text for name, text in zip(fields, line, strict=True) if name}
    return {
        **found,
        "key": unquote_plus(found["key"], errors="strict"),
        "size": int(found["size"] or 0),
        "last_modified_date": datetime.fromisoformat(found["last_modified_date"]),
        "is_latest": found.get("is_latest", "true") == "true",
        "is_delete_marker": found.get("is_delete_marker", "false") == "true",
    }


def _orc(report: Report, content: IO[bytes]) -> Iterator[list[Row]]:
    file = _pyarrow(report, "pyarrow.orc").ORCFile(content)
    for stripe in range(file.nstripes):
        yield from _batches(report, file.read_stripe(stripe, columns=_read_fields(report)))


def _parquet(report: Report, content: IO[bytes]) -> Iterator[list[Row]]:
    file = _pyarrow(report, "pyarrow.parquet").ParquetFile(content)
    for rows in file.iter_batches(batch_size=10 * _BATCH, columns=_read_fields(report)):
        yield from _batches(report, rows)


def _batches(report: Report, rows: Any) -> Iterator[list[Row]]:
    if missing := [name for name in _read_fields(report) if name not in rows.schema.names]:
        raise ValueError(f"it lacks {', '.join(missing)}")
    for first in range(0, rows.num_rows, _BATCH):
        yield [_typed(row) for row in rows.slice(first, _BATCH).to_pylist()]


def _typed(row: dict[str, Any]) -> Row:
    modified = row["last_modified_date"]
    return {
        **row,
        "size": int(row["size"] or 0),
        # ORC's timestamps have no zone, and are of UTC.
        "last_modified_date": modified if modified.tzinfo else modified.replace(tzinfo=UTC),
        "is_latest": row.get("is_latest") is not False,
        "is_delete_marker": bool(row.get("is_delete_marker")),
    }


def _read_fields(report: Report) -> list[str]:
    return [name for name in report.fields if name]


def _pyarrow(report: Report, module: str) -> Any:
    """Return a module of pyarrow. It is large: no Lambda has it, and of the images only that of a job for
    which ``inventory=`` is declared.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise InventoryError(
            f"Expected the package pyarrow, which reads a report in {report.format}, found none. Install it"
            " where the"
            ' command is (pip install "sluice[inventory]", or pip install pyarrow), or let S3 write the'
            " report in CSV."
        ) from error
