"""A backfill as a job: what was asked for, or, on its schedule, what no event has brought.

A reconcile looks for objects from the first time on at which its trigger was reconciled, so that what was
there before starts nothing by itself. It leaves the youngest objects to their events, and the oldest to
people: of a run that began a year ago the ledger has forgotten that it did. See
docs/decisions/0052-reconcile.md.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from sluice.backfill.asked import Asked, NothingTakenError
from sluice.backfill.inventory.report import InventoryError
from sluice.backfill.reconciling import Chosen, SourceOf, chosen_sources, listed_instead, oldest_fresh
from sluice.backfill.records import BackfillProgress, BackfillRecords, stamped
from sluice.backfill.sources import Source
from sluice.backfill.starting import Progress, Starter, backfill, survey
from sluice.backfill.target import Target
from sluice.counted import counted
from sluice.duration import seconds_of
from sluice.ledger.records import KEPT

RECONCILED_FOR = KEPT - timedelta(days=15)
"""How old an object is at most that a reconcile takes: the ledger surely has its run still."""
WRITTEN_EVERY = timedelta(seconds=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconcile:
    """The input of the schedule: which ``triggers`` are reconciled, ``every`` so long, and how old an object
    has to be, ``min_age``, that is not left to its event.
    """

    triggers: tuple[str, ...]
    every: str
    min_age: str

    def to_dict(self) -> dict[str, Any]:
        """Return the form that ``from_dict`` reads."""
        return {"triggers": list(self.triggers), "every": self.every, "min_age": self.min_age}

    @classmethod
    def from_dict(cls, given: Any) -> Reconcile:
        """Read the input of a scheduled run; raises NothingTakenError for another one."""
        try:
            found = cls(triggers=tuple(given["triggers"]), every=given["every"], min_age=given["min_age"])
        except (KeyError, TypeError) as error:
            raise NothingTakenError(f"Expected the input of a reconcile, found {given!r}.") from error
        if seconds_of(found.every) is None or seconds_of(found.min_age) is None:
            raise NothingTakenError(f"Expected durations such as 7d and 15m, found {given!r}.")
        return found

    def next_after(self, time: datetime) -> datetime:
        """Return when the schedule begins the next one."""
        return time + timedelta(seconds=seconds_of(self.every) or 0)

    def fresh_since(self, time: datetime) -> datetime:
        """Return when a report was begun at the earliest that the reconcile of this time takes."""
        return oldest_fresh(time, timedelta(seconds=seconds_of(self.every) or 0))

    def until(self, now: datetime) -> datetime:
        """Return the time before which objects are not left to their events."""
        return now - timedelta(seconds=seconds_of(self.min_age) or 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class BackfillJob:
    """Does a backfill. ``targets`` are what the triggers of the pipeline take, ``starter_of`` makes what
    starts their runs, ``source_of`` has their objects from a listing, or from the report at a place, and
    ``is_paused`` says whether the pipeline is.
    """

    run_id: str
    targets: Sequence[Target]
    records: BackfillRecords
    starter_of: Callable[[Target], Starter]
    source_of: SourceOf
    is_paused: Callable[[], bool]
    now: Callable[[], datetime] = lambda: datetime.now(UTC)

    @property
    def pipeline(self) -> str:
        """Return the name of the pipeline whose runs begin."""
        return self.targets[0].pipeline

    def reconcile(self, given: Mapping[str, Any], scheduled_for: datetime) -> BackfillProgress:
        """Have what no event brought processed, as the input of the schedule says.

        Since when is recorded even while the pipeline is paused, when nothing else happens: the objects are
        left to the next time. Raises NothingTakenError for another input.
        """
        asked, now = Reconcile.from_dict(given), self.now()
        targets = self._reconciled_targets(asked, scheduled_for, now)
        progress = self._begun("reconcile", now)
        progress = replace(progress, next_at=asked.next_after(scheduled_for).isoformat())
        if self.is_paused():
            return self._ended(replace(progress, about="reconcile, left out: the pipeline is paused"))
        chosen = list(chosen_sources(targets, asked.fresh_since(scheduled_for), self.source_of))
        progress = replace(progress, about=progress.about + "".join(dict.fromkeys(one.by for one in chosen)))
        self.records.write(progress)
        for one in chosen:
            progress = self._reconciled(progress, one)
        return self._ended(progress)

    def do(self, given: Mapping[str, Any]) -> BackfillProgress:
        """Do what a person asked for. Raises NothingTakenError for what is no place or no time of the
        pipeline's, and for a pipeline that is paused, and InventoryError for a report that cannot be used.
        """
        asked = Asked.from_dict(given)
        if self.is_paused() and not asked.dry_run:
            raise NothingTakenError(
                f"Expected {self.pipeline} not to be paused, found that it is. Nothing has begun:"
                f" sluice unpause {self.pipeline}, and ask again."
            )
        targets = asked.parts_of(self.targets)
        source = self.source_of(targets, asked.inventory)
        about = " and ".join(pattern for one in source.targets for pattern in one.patterns) + source.by
        progress = replace(self._begun(about, self.now()), dry_run=asked.dry_run)
        self.records.write(progress)
        return self._ended(self._through(progress, source))

    def _reconciled_targets(self, asked: Reconcile, scheduled_for: datetime, now: datetime) -> list[Target]:
        """Return the targets of a reconcile of which objects are in question; since when is recorded."""
        named = [one for one in self.targets if one.trigger in asked.triggers]
        found = [self._since(one, scheduled_for, asked.until(now)) for one in named]
        return [one for one in found if one.since and one.until and one.since < one.until]

    def _since(self, target: Target, first: datetime, until: datetime) -> Target:
        recorded = self.records.since(self.pipeline, target.trigger, first)
        return replace(target, since=max(recorded, self.now() - RECONCILED_FOR), until=until)

    def _begun(self, about: str, now: datetime) -> BackfillProgress:
        at = now.isoformat(timespec="milliseconds")
        return BackfillProgress(
            pipeline=self.pipeline, run_id=self.run_id, about=about, began_at=at, updated_at=at
        )

    def _reconciled(self, progress: BackfillProgress, chosen: Chosen) -> BackfillProgress:
        """Have the objects of a source processed; of a report that turns out not to be whole, those that a
        listing finds.
        """
        try:
            return self._through(progress, chosen.source)
        except InventoryError as error:
            instead = listed_instead(chosen.source.targets, error, self.source_of)
            return self._through(replace(progress, about=f"reconcile{instead.by}"), instead.source)

    def _through(self, before: BackfillProgress, source: Source) -> BackfillProgress:
        """Have the objects of a source processed, or count them; return how far it is with those of the ones
        before. The progress is written as it goes.
        """
        do, done, progress = survey if before.dry_run else backfill, Progress(), before

        def stamp(found: Progress) -> BackfillProgress:
            objects = before.objects + found.objects + source.left_out
            gone = before.gone + source.gone
            return stamped(progress, self.now(), objects, before.new + found.new, gone)

        for target in source.targets:
            starter, last = self.starter_of(target), Progress()
            for last in do(starter, target, source.to_start(target, starter, source.pages(target))):
                progress = self._moved(progress, stamp(_sum(done, last)))
            done = _sum(done, last)
        return stamp(done)

    def _moved(self, written: BackfillProgress, moved: BackfillProgress) -> BackfillProgress:
        """Write how far it is, unless that was written a moment ago; return what is written."""
        last = datetime.fromisoformat(written.updated_at)
        if datetime.fromisoformat(moved.updated_at) - last < WRITTEN_EVERY:
            return written
        self.records.write(moved)
        print(f"{counted(moved.objects, 'object')} looked at, {moved.new:,} of them new", flush=True)
        return moved

    def _ended(self, progress: BackfillProgress) -> BackfillProgress:
        ended = replace(progress, ended=True)
        self.records.write(ended)
        return ended


def _sum(one: Progress, other: Progress) -> Progress:
    return Progress(one.objects + other.objects, one.new + other.new)
