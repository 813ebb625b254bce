"""Reports as S3 Inventory writes them, into buckets in memory.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/storage-inventory-location.html
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote_plus

import pyarrow as pa
import pyarrow.orc
import pyarrow.parquet
from botocore.exceptions import ClientError

SOURCE, DESTINATION = "landing", "reports"
CONFIGURATION = f"all/{SOURCE}/daily/"
DATE = "2026-11-28T01-00Z"
CREATED = datetime(2026, 11, 28, 1, tzinfo=UTC)
MODIFIED = datetime(2026, 11, 1, 12, 30, 15, 250_000, tzinfo=UTC)
CURRENT = ["Bucket", "Key", "Size", "LastModifiedDate", "ETag", "StorageClass"]
ALL = ["Bucket", "Key", "VersionId", "IsLatest", "IsDeleteMarker", *CURRENT[2:]]
_COLUMNS = {
    "Bucket": ("bucket", "string", pa.string()),
    "Key": ("key", "string", pa.string()),
    "VersionId": ("version_id", "string", pa.string()),
    "IsLatest": ("is_latest", "boolean", pa.bool_()),
    "IsDeleteMarker": ("is_delete_marker", "boolean", pa.bool_()),
    "Size": ("size", "bigint", pa.int64()),
    "LastModifiedDate": ("last_modified_date", "timestamp", pa.timestamp("ms", "UTC")),
    "ETag": ("e_tag", "string", pa.string()),
    "StorageClass": ("storage_class", "string", pa.string()),
}
_OF_PARQUET = {
    "string": ("binary", " (UTF8)"),
    "boolean": ("boolean", ""),
    "bigint": ("int64", ""),
    "timestamp": ("int64", " (TIMESTAMP_MILLIS)"),
}
ENDS = {"CSV": "csv.gz", "ORC": "orc", "Parquet": "parquet"}
Rows = Sequence[Mapping[str, Any]]


def row(key: str, **given: Any) -> dict[str, Any]:
    """Return an object of a report."""
    known = {"Bucket": SOURCE, "Key": key, "Size": 5, "LastModifiedDate": MODIFIED, "ETag": "e1"}
    versions = {"VersionId": "v1", "IsLatest": True, "IsDeleteMarker": False}
    return {**known, **versions, "StorageClass": "STANDARD", **given}


def row_of(version: Mapping[str, Any], bucket: str) -> dict[str, Any]:
    """Return the row of a version as S3 lists it."""
    return row(
        version["Key"],
        Bucket=bucket,
        VersionId=version["VersionId"],
        Size=version["Size"],
        ETag=version["ETag"].strip('"'),
        LastModifiedDate=version["LastModified"],
    )


class Buckets:
    """Buckets in memory, as far as reports need them; ``present`` are objects of the source that are there
    now. With ``may_list_prefixes_alone`` a read of what is not there is refused, as S3 does.
    """

    def __init__(self, *, may_list_prefixes_alone: bool = False) -> None:
        """Have nothing."""
        self.objects: dict[tuple[str, str], bytes] = {}
        self.present: dict[str, dict[str, Any]] = {}
        self.calls = Counter[str]()
        self.missing = "AccessDenied" if may_list_prefixes_alone else "NoSuchKey"

    def get_bucket_versioning(self, **request: Any) -> dict[str, Any]:
        """Return that the source keeps none."""
        return {}

    def list_objects_v2(self, **request: Any) -> dict[str, Any]:
        """Return what keys begin with, two at a time; or the first objects that begin so."""
        bucket, prefix = request["Bucket"], request["Prefix"]
        if "Delimiter" not in request:
            return {"Contents": self._first(bucket, prefix, request["MaxKeys"])}
        ends = (
            key.removeprefix(prefix) for one, key in self.objects if one == bucket and key.startswith(prefix)
        )
        every = sorted({end.partition("/")[0] for end in ends if "/" in end})
        first = int(request.get("ContinuationToken", 0))
        page = [{"Prefix": f"{prefix}{one}/"} for one in every[first : first + 2]]
        more = first + 2 < len(every)
        return {"CommonPrefixes": page, "IsTruncated": more, "NextContinuationToken": str(first + 2)}

    def get_object(self, **request: Any) -> dict[str, Any]:
        """Return an object's content."""
        self.calls["get"] += 1
        content = self.objects.get((request["Bucket"], request["Key"]))
        if content is None:
            raise ClientError({"Error": {"Code": self.missing, "Message": "none"}}, "GetObject")
        return {"Body": io.BytesIO(content)}

    def list_object_versions(self, **request: Any) -> dict[str, Any]:
        """Return the first versions that begin so: the newest ones."""
        found = self._first(request["Bucket"], request["Prefix"], request["MaxKeys"])
        return {
            "Versions": [one for one in found if not one.get("Deleted")],
            "DeleteMarkers": [one for one in found if one.get("Deleted")],
        }

    def _first(self, bucket: str, prefix: str, number: int) -> list[dict[str, Any]]:
        self.calls["list"] += 1
        keys = self.present if bucket == SOURCE else [key for one, key in self.objects if one == bucket]
        known = {"Size": 5, "LastModified": MODIFIED, "ETag": '"e1"', "IsLatest": True}
        found = sorted(key for key in keys if key.startswith(prefix))[:number]
        return [{"Key": key, **known, **self.present.get(key, {})} for key in found]


def write_report(
    buckets: Buckets,
    parts: Sequence[Rows],
    /,
    *,
    form: str = "CSV",
    fields: Sequence[str] = ALL,
    date: str = DATE,
    **changes: Any,
) -> str:
    """Write a report with files of these rows, and return the place of its manifest; ``changes`` are what its
    manifest says otherwise.
    """
    listed = []
    for number, rows in enumerate(parts):
        content = _WRITERS[form](rows, fields)
        key = f"{CONFIGURATION}data/{date}-{number}.{ENDS[form]}"
        buckets.objects[DESTINATION, key] = content
        listed.append({"key": key, "size": len(content), "MD5checksum": _md5(content)})
    manifest = {
        "sourceBucket": SOURCE,
        "destinationBucket": f"arn:aws:s3:::{DESTINATION}",
        "version": "2016-11-30",
        "creationTimestamp": str(int(CREATED.timestamp() * 1000)),
        "fileFormat": form,
        "fileSchema": schema(form, fields),
        "files": listed,
        **changes,
    }
    return put_manifest(buckets, json.dumps(manifest).encode(), date)


def put_manifest(buckets: Buckets, content: bytes, date: str = DATE) -> str:
    """Store a manifest with its checksum, and return its place."""
    folder = f"{CONFIGURATION}{date}/"
    buckets.objects[DESTINATION, f"{folder}manifest.json"] = content
    buckets.objects[DESTINATION, f"{folder}manifest.checksum"] = _md5(content).encode() + b"\n"
    return f"s3://{DESTINATION}/{folder}manifest.json"


def schema(form: str, fields: Sequence[str]) -> str:
    """Return a manifest's ``fileSchema``."""
    if form == "CSV":
        return ", ".join(fields)
    columns = [_COLUMNS[one][:2] for one in fields]
    if form == "ORC":
        return f"struct<{','.join(f'{name}:{kind}' for name, kind in columns)}>"
    parts = (
        f"{'required' if name in ('bucket', 'key') else 'optional'} {_OF_PARQUET[kind][0]}"
        f" {name}{_OF_PARQUET[kind][1]};"
        for name, kind in columns
    )
    return f"message s3.inventory {{  {'  '.join(parts)}}}"


def _md5(content: bytes) -> str:
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


def _csv(rows: Rows, fields: Sequence[str]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writerows([[_text(name, one[name]) for name in fields] for one in rows])
    return gzip.compress(text.getvalue().encode(), mtime=0)


def _text(name: str, value: Any) -> str:
    if name == "Key":
        return quote_plus(value, safe="/")
    if name == "LastModifiedDate":
        return f"{value:%Y-%m-%dT%H:%M:%S}.{value.microsecond // 1000:03d}Z"
    return str(value).lower() if isinstance(value, bool) else "" if value is None else str(value)


def _table(rows: Rows, fields: Sequence[str]) -> Any:
    columns = {_COLUMNS[one][0]: pa.array([row[one] for row in rows], _COLUMNS[one][2]) for one in fields}
    return pa.table(columns)


def _orc(rows: Rows, fields: Sequence[str]) -> bytes:
    content = io.BytesIO()
    table = _table(rows, fields)
    if "last_modified_date" in table.schema.names:
        # S3's timestamps in ORC have no zone.
        at = table.schema.get_field_index("last_modified_date")
        table = table.set_column(at, "last_modified_date", table.column(at).cast(pa.timestamp("ns")))
    pyarrow.orc.write_table(table, content)
    return content.getvalue()


def _parquet(rows: Rows, fields: Sequence[str]) -> bytes:
    content = io.BytesIO()
    pyarrow.parquet.write_table(_table(rows, fields), content)
    return content.getvalue()


_WRITERS = {"CSV": _csv, "ORC": _orc, "Parquet": _parquet}
