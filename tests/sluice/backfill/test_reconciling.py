"""A scheduled reconcile reads the newest report that is fresh, and lists otherwise."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from sluice.backfill.reconciling import FRESH_FOR, chosen_sources, oldest_fresh
from tests.sluice.backfill.fake_bucket import START
from tests.sluice.backfill.inventory.written import CURRENT, row, write_report
from tests.sluice.backfill.test_job import DEPLOYED, REPORTS, Backfills
from tests.sluice.backfill.test_starting import KilledError, keys
from tests.sluice.backfill.test_target import target

DATE = "2026-01-07T01-00Z"
BEGUN = datetime(2026, 1, 7, 1, tzinfo=UTC)


def reported(
    objects: int, named: int, *, begun: datetime = BEGUN, fields: Any = CURRENT, **changes: Any
) -> Backfills:
    """Return a backfill of a bucket with so many objects, whose report names the first of them."""
    found = Backfills(objects, target(inventory=REPORTS))
    report(found, named, begun=begun, fields=fields, **changes)
    found.deployed(START)
    return found


def report(
    found: Backfills,
    named: int,
    *,
    begun: datetime = BEGUN,
    date: str = DATE,
    fields: Any = CURRENT,
    **changes: Any,
) -> None:
    """Let S3 write a report that names the first objects."""
    rows = [
        row(str(one["Key"]), ETag=str(one["ETag"]).strip('"'), LastModifiedDate=one["LastModified"])
        for one in found.world.bucket.found[:named]
    ]
    at = str(int(begun.timestamp() * 1000))
    write_report(found.reports, [rows], fields=fields, date=date, creationTimestamp=at, **changes)


def test_a_fresh_report_is_read_and_the_bucket_is_not_listed() -> None:
    """Of 1,500 objects, which are two pages, one was not processed: one listing, of its key."""
    found = reported(1500, 1499)
    found.reconcile()
    found.world.bucket.calls.clear()
    report(found, 1500)
    done = found.reconcile()
    assert done.about == f"reconcile of {REPORTS}{DATE}/manifest.json"
    assert (done.objects, done.new, found.world.bucket.calls["list"]) == (1500, 1, 1)


def test_what_a_report_lacks_is_found_by_the_next_reconcile() -> None:
    """With the report of then; nothing is processed twice."""
    found = reported(50, 30)
    assert (found.reconcile().new, found.begun) == (30, keys(30))
    found.now += timedelta(days=7)
    report(found, 50, begun=BEGUN + timedelta(days=7), date="2026-01-14T01-00Z")
    assert found.reconcile().new == 20
    assert sorted(found.begun) == keys(50)


def test_the_first_reconcile_reads_nothing() -> None:
    """It records since when; what was there before is not asked for."""
    found = Backfills(5, target(inventory=REPORTS))
    assert found.reconcile(found.now).about == "reconcile"
    assert found.reports.calls.total() == 0


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"begun": DEPLOYED - timedelta(minutes=1)}, "begun at 2026-01-01 00:01 UTC or later"),
        ({"fields": [one for one in CURRENT if one != "ETag"]}, "the field ETag"),
        ({"sourceBucket": "elsewhere"}, "found one of elsewhere"),
        ({"version": "2030-01-01"}, "2030-01-01"),
    ],
    ids=["stale", "without ETag", "of another bucket", "of another version"],
)
def test_a_report_that_is_stale_or_cannot_be_used_is_replaced_by_a_listing(
    changes: dict[str, Any], says: str
) -> None:
    """And it is told why: all objects are found."""
    found = reported(40, 10, **changes)
    done = found.reconcile()
    assert (done.objects, done.new, sorted(found.begun)) == (40, 40, keys(40))
    assert done.about.startswith("reconcile by a listing, and not by a report: ")
    assert says in done.about


def test_without_a_report_the_bucket_is_listed() -> None:
    """S3 writes the first one within 48 hours."""
    found = Backfills(40, target(inventory=REPORTS))
    found.deployed(START)
    done = found.reconcile()
    assert (done.new, "no whole report" in done.about) == (40, True)


def test_a_file_of_a_report_that_was_changed_is_replaced_by_a_listing() -> None:
    """That is seen while it is read, before a row of it is used."""
    found = reported(40, 30)
    (data,) = [key for key in found.reports.objects if "/data/" in key[1]]
    found.reports.objects[data] += b"more"
    done = found.reconcile()
    assert (done.objects, done.new, sorted(found.begun)) == (40, 40, keys(40))
    assert "it was changed" in done.about


def denied(code: str) -> ClientError:
    """Return a refusal of S3."""
    return ClientError({"Error": {"Code": code, "Message": "no"}}, "GetObject")


def test_reports_that_may_not_be_read_are_replaced_by_a_listing_and_an_outage_is_not() -> None:
    """An outage is waited for: the job begins again."""
    found = reported(5, 5)
    answers = iter([denied("AccessDenied"), denied("SlowDown")])

    def source_of(targets: Any, place: str | None) -> Any:
        if place is not None:
            raise next(answers)
        return found._source_of(targets, place)

    (chosen,) = chosen_sources(found.targets, BEGUN, source_of)
    assert (chosen.source.by, "AccessDenied" in chosen.by) == ("", True)
    with pytest.raises(ClientError, match="SlowDown"):
        list(chosen_sources(found.targets, BEGUN, source_of))


def test_each_trigger_has_its_own_reports_or_is_listed() -> None:
    """A trigger of another bucket that names the same reports is listed, too."""
    found = reported(5, 5)
    own, plain = target(inventory=REPORTS), target(trigger="s3://landing/sales/*.txt", suffixes=(".txt",))
    foreign = target(trigger="s3://elsewhere/sales/*.csv", bucket="elsewhere", inventory=REPORTS)
    chosen = list(chosen_sources([own, plain, foreign], BEGUN, found._source_of))
    assert [list(one.source.targets) for one in chosen] == [[own], [foreign], [plain]]
    assert [bool(one.reason) for one in chosen] == [False, True, False]


def test_a_report_is_fresh_for_an_interval_and_never_longer_than_s3_lets_one_wait() -> None:
    """So each one was begun after the reconcile before."""
    assert oldest_fresh(BEGUN, timedelta(hours=12)) == BEGUN - timedelta(hours=12)
    assert oldest_fresh(BEGUN, timedelta(days=180)) == BEGUN - FRESH_FOR


@pytest.mark.parametrize("kill_at", range(1, 9))
def test_killed_at_any_call_and_begun_again_each_object_has_one_run(kill_at: int) -> None:
    """The next attempt reads the report from its first row on."""
    found = reported(40, 40)
    found.world.kill_at = kill_at
    with suppress(KilledError):
        found.reconcile()
    found.world.kill_at = None
    found.reconcile()
    assert sorted(found.begun) == keys(40)
