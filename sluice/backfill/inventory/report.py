"""A report of S3 Inventory: its manifest, and what must be in it. Pure.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/storage-inventory-location.html
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sluice.errors import SluiceError

VERSION = "2016-11-30"
"""The only version of manifests that there is."""
CSV, ORC, PARQUET = "CSV", "ORC", "Parquet"
_NAMES = {
    "bucket": "Bucket",
    "key": "Key",
    "version_id": "VersionId",
    "is_latest": "IsLatest",
    "is_delete_marker": "IsDeleteMarker",
    "size": "Size",
    "last_modified_date": "LastModifiedDate",
    "e_tag": "ETag",
}
"""The fields that are read, as ORC and Parquet call them, and as CSV and S3's settings do."""
_NEEDED = ("key", "size", "last_modified_date", "e_tag")
_OF_VERSIONS = ("version_id", "is_latest", "is_delete_marker")
# ORC's schema is a struct of these, separated by commas.
_ORC_FIELD = re.compile(r"(\w+):\w+")
# Parquet's schema is a message of these, such as a required binary bucket.
_PARQUET_FIELD = re.compile(r"(?:required|optional)\s+\w+\s+(\w+)")


class InventoryError(SluiceError):
    """A report cannot be used; nothing has begun."""


@dataclass(frozen=True, slots=True)
class DataFile:
    """A file of a report, with the MD5 of its bytes."""

    key: str
    md5: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A report: of which bucket, from when, and its files in which bucket. ``fields`` are the columns in
    their order, by the names that ORC and Parquet have for them; empty for one that is not read.
    """

    place: str
    source: str
    created: datetime
    bucket: str
    format: str
    fields: Sequence[str]
    files: Sequence[DataFile]

    def check(self, bucket: str, *, versions: bool) -> None:
        """Raise InventoryError unless the report is of this bucket, and has what tells its objects apart: in
        a bucket with ``versions`` these.
        """
        if self.source != bucket:
            raise InventoryError(
                f"Expected a report of the bucket {bucket}, found one of {self.source}: {self.place}."
            )
        self._check_fields()
        if versions:
            self._check_versions()

    def _check_fields(self) -> None:
        if missing := self._missing(_NEEDED):
            known = _shown([name for name in self.fields if name])
            raise InventoryError(
                f"Expected the field{'s' * (len(missing) > 1)} {_shown(missing)} in {self.place}, found"
                f" {known}"
                " alone. Add what is missing to the fields of the Inventory configuration, and wait for its"
                " next"
                " report."
            )

    def _check_versions(self) -> None:
        if missing := self._missing(_OF_VERSIONS):
            raise InventoryError(
                f"Expected versions in a report of {self.source}, which keeps versions, found none:"
                f" {self.place}"
                f" lacks {_shown(missing)}. Let the Inventory configuration include all versions, not the"
                " current"
                " ones only, and wait for its next report; or run the backfill without --inventory."
            )

    def _missing(self, needed: Sequence[str]) -> list[str]:
        return [name for name in needed if name not in self.fields]


def parse_report(place: str, content: bytes, checksum: str) -> Report:
    """Return the report of a manifest; raises InventoryError for what is none, for another version, and where
    the content does not have the checksum that is beside it.
    """
    found = hashlib.md5(content, usedforsecurity=False).hexdigest()
    if found != checksum.strip().lower():
        raise InventoryError(
            f"Expected {place} to have the MD5 {checksum.strip()[:40]}, as its manifest.checksum says, found"
            f" {found}: it was changed, or is half of another report. Take another report."
        )
    document = _object(place, content)
    version = document.get("version")
    if version != VERSION:
        raise InventoryError(
            f"Expected a manifest of version {VERSION} in {place}, found {version!r:.60}: this Sluice knows"
            " no"
            " other. Run the backfill without --inventory."
        )
    try:
        return _report(place, document)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise InventoryError(
            f"Expected a manifest of S3 Inventory in {place}, found one in which something is missing or of"
            " another"
            f" kind: {error!r:.200}."
        ) from error


def _object(place: str, content: bytes) -> Mapping[str, Any]:
    try:
        document = json.loads(content)
    except ValueError:
        document = None
    if not isinstance(document, dict):
        raise InventoryError(f"Expected a JSON object in {place}, found {content[:60]!r}.")
    return document


def _report(place: str, document: Mapping[str, Any]) -> Report:
    form = str(document["fileFormat"])
    if form not in (CSV, ORC, PARQUET):
        raise InventoryError(f"Expected a report in CSV, ORC or Parquet, found {form!r:.60}: {place}.")
    return Report(
        place=place,
        source=str(document["sourceBucket"]),
        created=datetime.fromtimestamp(int(document["creationTimestamp"]) / 1000, UTC),
        bucket=str(document["destinationBucket"]).rpartition(":")[2],
        format=form,
        fields=_fields(form, str(document["fileSchema"])),
        files=[DataFile(str(one["key"]), str(one["MD5checksum"]).lower()) for one in document["files"]],
    )


def _fields(form: str, schema: str) -> list[str]:
    if form == CSV:
        names = {shown: name for name, shown in _NAMES.items()}
        return [names.get(one.strip(), "") for one in schema.split(",")]
    found = (_ORC_FIELD if form == ORC else _PARQUET_FIELD).findall(schema)
    return [name if name in _NAMES else "" for name in found]


def _shown(fields: Sequence[str]) -> str:
    return ", ".join(_NAMES[name] for name in fields) or "no field"
