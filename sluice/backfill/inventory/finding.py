"""Finds the report that a person names: by its manifest, or the newest of a configuration's folder."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Protocol

from botocore.exceptions import ClientError

from sluice.backfill.inventory.report import InventoryError, Report, parse_report

_MANIFEST, _CHECKSUM = "manifest.json", "manifest.checksum"
_SCHEME = "s3://"
BEGUN = r"\d{4}-\d\d-\d\dT\d\d-\d\dZ"
"""When S3 began a report, as its folder says: 2016-11-06T21-32Z."""
_DATED = re.compile(f"{BEGUN}/")
_MAX_MANIFEST_BYTES = 64 * 1024 * 1024
_MISSING, _REFUSED = ("NoSuchKey", "404"), ("AccessDenied", "403")


class ReportBucket(Protocol):
    """The calls of a client of S3 that find and read reports."""

    def list_objects_v2(self, **request: Any) -> Mapping[str, Any]:
        """Return a page of objects, and of what they begin with."""

    def get_object(self, **request: Any) -> Mapping[str, Any]:
        """Return an object."""


def find_report(s3: ReportBucket, place: str) -> Report:
    """Return the report at a place: ``s3://bucket/…/manifest.json``, its folder, or the folder of its
    configuration, in which the newest whole report is taken.

    Raises InventoryError for a place without a report, and for a report that is not whole.
    """
    bucket, _, key = place.removeprefix(_SCHEME).partition("/")
    if not place.startswith(_SCHEME) or not bucket:
        raise InventoryError(
            f"Expected s3://bucket/path/manifest.json or the folder of reports, found {place!r}."
        )
    if key.endswith(f"/{_MANIFEST}") or key == _MANIFEST:
        return _whole(s3, bucket, key, place)
    folder = key if key.endswith("/") or not key else f"{key}/"
    if _DATED.fullmatch(folder.rpartition("/")[0].rpartition("/")[2] + "/"):
        return _whole(s3, bucket, f"{folder}{_MANIFEST}", place)
    return _newest(s3, bucket, folder, place)


def _whole(s3: ReportBucket, bucket: str, key: str, place: str) -> Report:
    found = _read(s3, bucket, key)
    if found is None:
        raise InventoryError(
            f"Expected a report of S3 Inventory, found nothing in {_SCHEME}{bucket}/{key}. Name the"
            " manifest.json, or"
            " the folder that has the dates of the reports."
        )
    return found


def _newest(s3: ReportBucket, bucket: str, folder: str, place: str) -> Report:
    dates = sorted((one for one in _folders(s3, bucket, folder) if _DATED.fullmatch(one)), reverse=True)
    for date in dates:
        # A report comes in pieces: the newest may not be whole yet.
        found = _read(s3, bucket, f"{folder}{date}{_MANIFEST}", only_whole=True)
        if found is not None:
            return found
    raise InventoryError(
        f"Expected reports in folders such as 2026-11-28T01-00Z/ in {place}, found {len(dates)} of these"
        " and no"
        " whole report. S3 writes the first one within 48 hours of the configuration. The folder is"
        " s3://destination/prefix/source-bucket/configuration/."
    )


def _folders(s3: ReportBucket, bucket: str, folder: str) -> Iterator[str]:
    more: dict[str, str] = {}
    while True:
        page = s3.list_objects_v2(Bucket=bucket, Prefix=folder, Delimiter="/", **more)
        yield from (str(one["Prefix"]).removeprefix(folder) for one in page.get("CommonPrefixes", ()))
        if not page.get("IsTruncated"):
            return
        more = {"ContinuationToken": str(page["NextContinuationToken"])}


def _read(s3: ReportBucket, bucket: str, key: str, *, only_whole: bool = False) -> Report | None:
    """Return the report of a manifest, None where there is none."""
    place = f"{_SCHEME}{bucket}/{key}"
    content = _content(s3, bucket, key)
    checksum = _content(s3, bucket, f"{key.removesuffix(_MANIFEST)}{_CHECKSUM}")
    if content is None or (checksum is None and only_whole):
        return None
    if checksum is None:
        raise InventoryError(
            f"Expected {_CHECKSUM} beside {place}, found none: the report is not whole yet. Wait, or name"
            " an older"
            " one."
        )
    return parse_report(place, content, checksum.decode(errors="replace"))


def is_missing(s3: ReportBucket, bucket: str, key: str, error: ClientError) -> bool:
    """Return whether a read was refused because nothing is there.

    S3 says so to who may list the bucket. Who may list a prefix alone gets AccessDenied, and has to list:
    https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
    """
    code = error.response["Error"]["Code"]
    if code not in _REFUSED:
        return code in _MISSING
    try:
        page = s3.list_objects_v2(Bucket=bucket, Prefix=key, MaxKeys=1)
    except ClientError:
        return False
    return all(one["Key"] != key for one in page.get("Contents", ()))


def _content(s3: ReportBucket, bucket: str, key: str) -> bytes | None:
    try:
        body = s3.get_object(Bucket=bucket, Key=key)["Body"]
    except ClientError as error:
        if is_missing(s3, bucket, key, error):
            return None
        raise
    content = bytes(body.read(_MAX_MANIFEST_BYTES + 1))
    if len(content) > _MAX_MANIFEST_BYTES:
        raise InventoryError(
            f"Expected a manifest of at most {_MAX_MANIFEST_BYTES:,} bytes, found a larger one: {key}."
        )
    return content
