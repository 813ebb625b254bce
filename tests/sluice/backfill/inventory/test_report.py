"""What a manifest must be, and what a report must have."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sluice.backfill.inventory.finding import find_report
from sluice.backfill.inventory.report import InventoryError, Report, parse_report
from tests.sluice.backfill.inventory.written import (
    ALL,
    CREATED,
    CURRENT,
    DESTINATION,
    SOURCE,
    Buckets,
    put_manifest,
    row,
    write_report,
)


def report(**given: Any) -> Report:
    """Return a report that was written so."""
    buckets = Buckets()
    return find_report(buckets, write_report(buckets, [[row("sales/a.csv")]], **given))


@pytest.mark.parametrize("form", ["CSV", "ORC", "Parquet"])
def test_a_manifest_says_what_there_is(form: str) -> None:
    """The fields that are read have one name in all formats; others have none."""
    found = report(form=form)
    assert (found.source, found.bucket, found.created, found.format) == (SOURCE, DESTINATION, CREATED, form)
    names = ["version_id", "is_latest", "is_delete_marker", "size", "last_modified_date", "e_tag", ""]
    assert [name for name in found.fields if name != "bucket"] == ["key", *names]
    found.check(SOURCE, versions=True)
    found.check(SOURCE, versions=False)


def test_the_schemas_of_today_are_read_too() -> None:
    """AWS writes newer annotations of types than its guide shows."""
    schema = (
        "message s3.inventory"
        " {  required binary bucket (STRING);  required binary key (STRING);  optional int64"
        " size;  optional int64 last_modified_date (TIMESTAMP(MILLIS,true));  optional binary e_tag"
        " (STRING);}"
    )
    found = report(form="Parquet", fields=CURRENT, fileSchema=schema)
    assert list(found.fields) == ["bucket", "key", "size", "last_modified_date", "e_tag"]


def test_a_report_of_another_bucket_is_refused() -> None:
    """With both names."""
    with pytest.raises(
        InventoryError, match="report of the bucket inbox, found one of landing: s3://reports/"
    ):
        report().check("inbox", versions=False)


@pytest.mark.parametrize("form", ["CSV", "ORC", "Parquet"])
def test_missing_fields_are_named(form: str) -> None:
    """As the Inventory configuration calls them."""
    found = report(form=form, fields=["Bucket", "Key", "Size"])
    with pytest.raises(
        InventoryError, match=r"fields LastModifiedDate, ETag in .* found Bucket, Key, Size alone"
    ):
        found.check(SOURCE, versions=False)


def test_a_bucket_with_versions_needs_a_report_with_versions() -> None:
    """A report of the current versions has none of their ids; in a bucket without versions it is enough."""
    found = report(fields=CURRENT)
    found.check(SOURCE, versions=False)
    with pytest.raises(InventoryError, match=r"lacks VersionId, IsLatest, IsDeleteMarker\. .* all versions"):
        found.check(SOURCE, versions=True)
    with pytest.raises(InventoryError, match="lacks IsLatest"):
        report(fields=[one for one in ALL if one != "IsLatest"]).check(SOURCE, versions=True)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"version": "2015-01-01"}, "of version 2016-11-30 in .* found '2015-01-01'"),
        ({"version": None}, "found None"),
        ({"fileFormat": "Avro"}, "in CSV, ORC or Parquet, found 'Avro'"),
        ({"creationTimestamp": "yesterday"}, "something is missing or of another kind"),
        ({"files": [{"key": "a"}]}, "KeyError.*MD5checksum"),
        ({"files": 3}, "TypeError"),
    ],
)
def test_another_format_is_refused(changes: dict[str, Any], says: str) -> None:
    """With what was found."""
    with pytest.raises(InventoryError, match=says):
        report(**changes)


@pytest.mark.parametrize("content", [b"", b"[]", b"\xff\x00", b"Bucket,Key", b'{"version"'])
def test_what_is_no_manifest_is_refused(content: bytes) -> None:
    """A file of data, for example."""
    buckets = Buckets()
    with pytest.raises(InventoryError, match="Expected a JSON object"):
        find_report(buckets, put_manifest(buckets, content))


def test_a_manifest_with_another_checksum_is_refused() -> None:
    """Before it is read."""
    content = json.dumps({"version": "2016-11-30"}).encode()
    with pytest.raises(InventoryError, match=r"have the MD5 0{32}, as its manifest\.checksum says, found"):
        parse_report("s3://reports/manifest.json", content, "0" * 32 + "\n")
