"""Where a backfill has the objects from: a listing, or a report of S3 Inventory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from sluice.backfill.inventory.finding import ReportBucket, find_report
from sluice.backfill.inventory.objects import StillThere, named
from sluice.backfill.inventory.report import Report
from sluice.backfill.inventory.rows import check_readable
from sluice.backfill.listing import ListedBucket, has_versions, listed
from sluice.backfill.listing import Report as Note
from sluice.backfill.starting import Starter
from sluice.backfill.target import Target
from sluice.triggers.trigger_event import S3Object

Pages = Iterator[list[S3Object]]


class SourceBucket(ListedBucket, ReportBucket, Protocol):
    """A client of S3 that lists buckets, and reads reports."""


@dataclass(slots=True)
class Listing:
    """What is there, as S3 lists it. ``left_out`` counts the objects that are not handed on, ``gone`` those
    of them that are no longer there: none. ``note`` is told of what a person wants to know.
    """

    s3: SourceBucket
    targets: Sequence[Target]
    note: Note
    left_out: int = field(default=0, init=False)
    gone: int = field(default=0, init=False)

    @property
    def by(self) -> str:
        """Return what is said of it behind the objects: nothing."""
        return ""

    def pages(self, target: Target) -> Pages:
        """Yield the objects of a target."""
        return listed(self.s3, target, report=self.note)

    def to_start(self, _target: Target, _starter: Starter, pages: Pages) -> Pages:
        """Yield all of them."""
        return pages


@dataclass(slots=True)
class Inventory:
    """What a report names, and is still there."""

    s3: SourceBucket
    targets: Sequence[Target]
    report: Report
    versions: bool
    left_out: int = field(default=0, init=False)
    gone: int = field(default=0, init=False)

    @property
    def by(self) -> str:
        """Return what is said of it behind the objects: which report."""
        return f" of {self.report.place}"

    def pages(self, target: Target) -> Pages:
        """Yield the objects of a target that the report names."""
        return named(self.s3, self.report, target)

    def to_start(self, target: Target, starter: Starter, pages: Pages) -> Pages:
        """Yield those that were not processed, and are there."""
        there = StillThere(
            self.s3, target, self.versions, unknown=lambda files: starter.unknown(target, files)
        )
        for page, found in there.pages(pages):
            self.left_out += len(page) - len(found)
            self.gone += there.gone
            there.gone = 0
            yield found


Source = Listing | Inventory


def source_of(
    s3: SourceBucket, targets: Sequence[Target], place: str | None, note: Note = lambda _: None
) -> Source:
    """Return where the objects of targets are read from: the report at a place, or the bucket; of a report's
    bucket these targets alone.

    Raises InventoryError for a report that cannot be used, before anything has begun.
    """
    if place is None:
        return Listing(s3, targets, note)
    report = find_report(s3, place)
    note(f"The report {report.place}, begun at {report.created:%Y-%m-%d %H:%M} UTC.")
    own = [one for one in targets if one.bucket == report.source]
    bucket = own[0].bucket if own else targets[0].bucket
    versions = has_versions(s3, bucket)
    report.check(bucket, versions=versions)
    check_readable(report)
    return Inventory(s3, own, report, versions)
