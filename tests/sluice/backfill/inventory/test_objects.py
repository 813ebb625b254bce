"""Of a report the objects of a target are taken that are new and there."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from sluice.backfill.inventory.finding import find_report
from sluice.backfill.inventory.objects import StillThere, named
from sluice.triggers.trigger_event import S3Object
from tests.sluice.backfill.inventory.written import MODIFIED, Buckets, row, write_report
from tests.sluice.backfill.test_target import target

ROWS = [
    row("sales/a.csv"),
    row("sales/a.csv", VersionId="v0", IsLatest=False),
    row("sales/b.csv", VersionId="null"),
    row("sales/gone.csv", IsDeleteMarker=True, Size=None, ETag=None),
    row("sales/x.txt"),
    row("stock/a.csv"),
    row("sales/late.csv", LastModifiedDate=MODIFIED + timedelta(days=9)),
]
TARGET = target(until=MODIFIED + timedelta(days=1))


@pytest.mark.parametrize("form", ["CSV", "ORC", "Parquet"])
def test_objects_are_filtered_as_a_listing_is(form: str) -> None:
    """The newest versions, of the trigger's pattern, in time; named as their events name them."""
    buckets = Buckets()
    report = find_report(buckets, write_report(buckets, [ROWS[:3], ROWS[3:]], form=form))
    found = [file for page in named(buckets, report, TARGET) for file in page]
    known: dict[str, Any] = {"bucket": "landing", "etag": "e1", "size": 5, "time": "2026-11-01T12:30:15Z"}
    assert found == [
        S3Object(key="sales/a.csv", version_id="v1", **known),
        S3Object(key="sales/b.csv", version_id="", **known),
    ]


def file(key: str, version: str = "v1") -> S3Object:
    """Return an object of a report."""
    return S3Object(bucket="landing", key=key, version_id=version, etag="e1", size=5)


def test_what_is_gone_is_counted_and_what_was_replaced_is_taken_as_it_is_now() -> None:
    """Only what is new is asked for; what is no longer of the times in question is gone, too, and so is a key
    that is only the beginning of another one.
    """
    buckets = Buckets()
    buckets.present = {
        "sales/a.csv": {"VersionId": "v1"},
        "sales/b.csv": {"VersionId": "v2", "ETag": '"e2"', "Size": 7},
        "sales/gone.csv": {"Deleted": True},
        "sales/begun.csv.csv": {"VersionId": "v1"},
        "sales/late.csv": {"LastModified": MODIFIED + timedelta(days=9)},
    }

    def unknown(files: Sequence[S3Object]) -> list[S3Object]:
        return [one for one in files if one.key != "sales/known.csv"]

    there = StillThere(buckets, TARGET, versions=True, unknown=unknown)
    keys = ["a", "b", "begun", "gone", "known", "late"]
    ((page, found),) = there.pages(iter([[file(f"sales/{key}.csv") for key in keys]]))
    assert (len(page), there.gone, buckets.calls["list"]) == (6, 3, 5)
    assert [(one.key, one.version_id, one.etag, one.size) for one in found] == [
        ("sales/a.csv", "v1", "e1", 5),
        ("sales/b.csv", "v2", "e2", 7),
    ]


def test_what_may_not_be_looked_at_is_no_object_that_is_gone() -> None:
    """A missing permission is told."""

    class Refusing(Buckets):
        def list_objects_v2(self, **request: object) -> dict[str, object]:
            """Refuse."""
            raise ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "ListObjectsV2")

    there = StillThere(Refusing(), TARGET, versions=False, unknown=list)
    with pytest.raises(ClientError, match="AccessDenied"):
        list(there.pages(iter([[file("sales/a.csv")]])))
