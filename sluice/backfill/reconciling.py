"""Where a scheduled reconcile has the objects from: the newest report of S3 Inventory, where there is one
that is fresh, and a listing otherwise.

A report lacks what came after it was begun. The next reconcile looks at all of these objects again, and so
does not lose them: what counts is that each report was begun after the reconcile before. See
docs/decisions/0057-reports-in-a-job.md.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from botocore.exceptions import ClientError

from sluice.aws.outages import is_denied
from sluice.backfill.inventory.report import InventoryError
from sluice.backfill.sources import Inventory, Source
from sluice.backfill.target import Target

SourceOf = Callable[[Sequence[Target], str | None], Source]
FRESH_FOR = timedelta(days=9)
"""S3 writes a report each day or each week, and delivers it within 48 hours; an older one is the last of a
configuration that is gone: https://docs.aws.amazon.com/AmazonS3/latest/userguide/storage-inventory.html
"""
_MAX_REASON = 300


@dataclass(frozen=True, slots=True)
class Chosen:
    """A source, and why it is a listing although its targets name reports; empty for one that is as asked."""

    source: Source
    reason: str = ""

    @property
    def by(self) -> str:
        """Return what is said of it behind what is done: which report, or why none."""
        return f" by a listing, and not by a report: {self.reason}" if self.reason else self.source.by


def chosen_sources(targets: Sequence[Target], since: datetime, source_of: SourceOf) -> Iterator[Chosen]:
    """Yield where the objects of targets are read from, one source for all of the same reports; a report is
    fresh that was begun at ``since`` or later.
    """
    for place in dict.fromkeys(one.inventory for one in targets):
        own = [one for one in targets if one.inventory == place]
        if place:
            yield from _reported(own, place, since, source_of)
        else:
            yield Chosen(source_of(own, None))


def listed_instead(targets: Sequence[Target], error: Exception, source_of: SourceOf) -> Chosen:
    """Return the listing that takes the place of a report, which cannot be used for the reason that an error
    has.
    """
    return Chosen(source_of(targets, None), str(error)[:_MAX_REASON])


def oldest_fresh(scheduled_for: datetime, every: timedelta) -> datetime:
    """Return when a report was begun at the earliest that the reconcile of a scheduled time takes."""
    return scheduled_for - min(every, FRESH_FOR)


def _reported(own: Sequence[Target], place: str, since: datetime, source_of: SourceOf) -> Iterator[Chosen]:
    try:
        found = source_of(own, place)
        _check_fresh(found, since)
    except InventoryError as error:
        yield listed_instead(own, error, source_of)
        return
    except ClientError as error:
        # Of another account's bucket of reports its policy decides; the objects can be listed all the same.
        if not is_denied(error):
            raise
        yield listed_instead(own, error, source_of)
        return
    yield Chosen(found)
    if others := [one for one in own if one not in found.targets]:
        wrong = InventoryError(f"{place} is of the bucket {found.targets[0].bucket}")
        yield listed_instead(others, wrong, source_of)


def _check_fresh(found: Source, since: datetime) -> None:
    if isinstance(found, Inventory) and found.report.created < since:
        raise InventoryError(
            f"Expected a report that was begun at {since:%Y-%m-%d %H:%M} UTC or later, found the newest one"
            f" begun at {found.report.created:%Y-%m-%d %H:%M}: {found.report.place}."
        )
