"""A report is found by its manifest, and the newest one of a folder."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from sluice.backfill.inventory.finding import find_report
from sluice.backfill.inventory.report import InventoryError
from tests.sluice.backfill.inventory.written import CONFIGURATION, DESTINATION, Buckets, row, write_report

FOLDER = f"s3://{DESTINATION}/{CONFIGURATION}"
DATES = [f"2026-{month:02}-28T01-00Z" for month in (9, 10, 11)]


def three(*, may_list_prefixes_alone: bool = False) -> Buckets:
    """Return the reports of three dates."""
    buckets = Buckets(may_list_prefixes_alone=may_list_prefixes_alone)
    for date in DATES:
        write_report(buckets, [[row("sales/a.csv")]], date=date)
    return buckets


@pytest.mark.parametrize("end", ["", "/"])
def test_of_a_folder_the_newest_report_is_taken(end: str) -> None:
    """Folders such as ``data/`` and ``hive/`` are none."""
    found = find_report(three(), FOLDER.rstrip("/") + end)
    assert found.place == f"{FOLDER}{DATES[-1]}/manifest.json"


def test_one_of_them_is_taken_by_its_folder_or_its_manifest() -> None:
    """Whichever date."""
    for place in (f"{FOLDER}{DATES[0]}", f"{FOLDER}{DATES[0]}/", f"{FOLDER}{DATES[0]}/manifest.json"):
        assert find_report(three(), place).place == f"{FOLDER}{DATES[0]}/manifest.json"


@pytest.mark.parametrize("job", [False, True])
def test_a_report_that_is_not_whole_is_passed_over_or_refused(job: bool) -> None:
    """S3 writes it in pieces; a person who names it waits. To a job, which may list a prefix alone, S3 does
    not say that something is not there.
    """
    buckets = three(may_list_prefixes_alone=job)
    del buckets.objects[DESTINATION, f"{CONFIGURATION}{DATES[-1]}/manifest.checksum"]
    assert find_report(buckets, FOLDER).place == f"{FOLDER}{DATES[1]}/manifest.json"
    with pytest.raises(InventoryError, match=r"Expected manifest\.checksum beside .*not whole yet"):
        find_report(buckets, f"{FOLDER}{DATES[-1]}/manifest.json")


@pytest.mark.parametrize(
    ("place", "says"),
    [
        ("reports/all/", "Expected s3://bucket/path/manifest.json"),
        ("s3://", "Expected s3://bucket/path/manifest.json"),
        (f"s3://{DESTINATION}/elsewhere/", "found 0 of these and no whole report"),
        (f"s3://{DESTINATION}/manifest.json", "found nothing in s3://reports/manifest.json"),
        (f"{FOLDER}2026-01-01T00-00Z/", "found nothing in .*2026-01-01T00-00Z/manifest.json"),
    ],
)
def test_a_place_without_a_report_is_refused(place: str, says: str) -> None:
    """With what to name instead."""
    with pytest.raises(InventoryError, match=says):
        find_report(three(), place)


def test_what_may_not_be_read_is_no_report_that_is_missing() -> None:
    """The refusal is told."""
    buckets = three(may_list_prefixes_alone=True)
    real = buckets.get_object

    def refuse(**request: Any) -> dict[str, Any]:
        return real(**{**request, "Key": "elsewhere"})

    buckets.get_object = refuse  # type: ignore[method-assign]
    with pytest.raises(ClientError, match="AccessDenied"):
        find_report(buckets, FOLDER)
