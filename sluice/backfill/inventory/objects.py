"""The objects of a target that a report names, and which of them are still there."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from sluice.aws.read_ahead import in_order
from sluice.backfill.inventory.finding import ReportBucket
from sluice.backfill.inventory.report import Report
from sluice.backfill.inventory.rows import Row, rows_of
from sluice.backfill.listing import ListedBucket, newest_version, object_of
from sluice.backfill.target import Target
from sluice.triggers.trigger_event import S3Object

_AT_ONCE = 16


def named(s3: ReportBucket, report: Report, target: Target) -> Iterator[list[S3Object]]:
    """Yield the objects of a target that a report names: the newest versions, without what was deleted."""
    for rows in rows_of(s3, report):
        yield [_object(target.bucket, row) for row in rows if _is_asked_for(target, row)]


def _is_asked_for(target: Target, row: Row) -> bool:
    if row["is_delete_marker"] or not row["is_latest"] or not row["key"].startswith(target.prefix):
        return False
    return target.takes(row["key"], row["size"], row["last_modified_date"])


@dataclass(slots=True)
class StillThere:
    """Takes the objects of a report that are new, and leaves out, and counts, those that are gone.

    A report is a day old or a week. What was replaced since is taken as it is now, as a listing would.
    """

    s3: ListedBucket
    target: Target
    versions: bool
    unknown: Callable[[Sequence[S3Object]], list[S3Object]]
    gone: int = 0

    def pages(self, pages: Iterator[list[S3Object]]) -> Iterator[tuple[list[S3Object], list[S3Object]]]:
        """Yield each page with its new ones: a call for each 100, and a listing for each that is new."""
        for page in pages:
            new = self.unknown(page)
            found = [one for one in in_order(self._now, new, _AT_ONCE) if one is not None]
            self.gone += len(new) - len(found)
            yield page, found

    def _now(self, file: S3Object) -> S3Object | None:
        return newest_version(self.s3, self.target, file.key, versions=self.versions)


def _object(bucket: str, row: Row) -> S3Object:
    return object_of(
        bucket,
        {
            "Key": row["key"],
            "VersionId": row.get("version_id"),
            "ETag": row["e_tag"],
            "Size": row["size"],
            "LastModified": row["last_modified_date"],
        },
    )
