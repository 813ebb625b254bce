"""What is being backfilled, and how far it is: by jobs and commands, missed times of schedules, and groups of
objects that were there already.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice

from botocore.exceptions import ClientError

from console import contract
from console.live.cache import Cache
from console.live.cloud import Cloud
from sluice.backfill.records import BackfillProgress, BackfillRecords
from sluice.catch_up.ledger import CatchUpLedger
from sluice.counted import counted
from sluice.errors import SluiceError
from sluice.grouping.group import Group
from sluice.operate.missed_times import (
    MAX_COUNTED,
    MissedTimes,
    definition_reader,
    missed_times_of,
    written,
)
from sluice.run.compiled import CompiledPipeline
from sluice.triggers.upload_patterns import OWN_GROUPS_MARK, without_own_groups
from sluice.visible import visible

MAX_PIPELINES = 20
"""Of so many pipelines the missed times are counted: four calls each at most."""
MAX_BACKFILLS = 20
"""So many jobs and commands are read: an item each."""
_MAX_ENDED = 5
_ENDED_FOR = timedelta(days=1)
"""So long the page of a pipeline has those that have ended."""
_DEFINITION_SECONDS = 600.0
"""A compiled pipeline has its hash in its key, so it does not change."""


@dataclass(frozen=True, slots=True)
class Backfills:
    """Reads what is being backfilled in a cloud; compiled pipelines are kept in the cache."""

    cloud: Cloud
    cache: Cache

    def section(self, groups: Iterable[Group], pipeline: str | None = None) -> contract.Section:
        """Return what is being backfilled of a pipeline, or of all; ``groups`` are the open ones."""
        ledger = CatchUpLedger(self.cloud.client("dynamodb"), self.cloud.deployment.table)
        names = list(islice(ledger.open(), MAX_PIPELINES + 1)) if pipeline is None else [pipeline]
        missed = [row for name in sorted(names[:MAX_PIPELINES]) for row in self._missed(ledger, name)]
        filled = [_group(one) for one in groups if _is_backfill(one) and pipeline in (None, one.pipeline)]
        begun = self._begun(pipeline)
        is_cut = len(names) > MAX_PIPELINES or len(begun) > MAX_BACKFILLS
        more = "There are more: `sluice backfill --status` lists all." if is_cut else None
        rows = (*self._rows_of(ledger, begun[:MAX_BACKFILLS]), *missed, *filled)
        return contract.Section(id="backfills", title="Backfills", rows=rows, note=more)

    def _begun(self, pipeline: str | None) -> list[BackfillProgress]:
        """Return what jobs and commands have begun and not ended; of one pipeline also what ended lately."""
        records = BackfillRecords(self.cloud.client("dynamodb"), self.cloud.deployment.table)
        if pipeline is None:
            return list(islice(records.unfinished(), MAX_BACKFILLS + 1))
        since = (datetime.now(UTC) - _ENDED_FOR).isoformat()
        found = records.of(pipeline)
        ended = [one for one in found if one.ended and one.updated_at > since]
        return [*(one for one in found if not one.ended), *ended[:_MAX_ENDED]]

    def _rows_of(self, ledger: CatchUpLedger, begun: Iterable[BackfillProgress]) -> list[contract.Row]:
        """Return the rows; whether the jobs live is one read for all of them."""
        begun = list(begun)
        jobs = [one.run_id for one in begun if one.run_id and not one.ended]
        live = ledger.live(jobs) if jobs else {}
        return [_backfill(one, live.get(one.run_id, False)) for one in begun]

    def _missed(self, ledger: CatchUpLedger, pipeline: str) -> list[contract.Row]:
        """Return the row of a pipeline; one whose definition cannot be read says so, and hides no other."""
        try:
            found = missed_times_of(ledger, self._definition, pipeline)
        except (SluiceError, ClientError) as error:
            return [
                contract.Row(text=f"{pipeline}: missed times are left, not counted: {visible(str(error))}")
            ]
        return [_missed_times(found)] if found is not None else []

    def _definition(self, place: Mapping[str, str]) -> CompiledPipeline:
        read = definition_reader(self.cloud.client("s3"))
        key = ("definition", place["bucket"], place["key"])
        return self.cache.get(key, _DEFINITION_SECONDS, lambda: read(place))


def _backfill(one: BackfillProgress, is_live: bool) -> contract.Row:
    """Return the row of what a job or a command does; ``is_live``: the run whose job it is has not ended."""
    has_died = _has_died(one, is_live)
    of = f" of {one.total:,}" if one.total is not None else ""
    new = "to do" if one.dry_run else "new"
    how = _how(one, has_died)
    return contract.Row(
        text=f"{one.pipeline}: {one.objects:,}{of} looked at, {one.new:,} {new}: {visible(one.about)}"
        + (f"; {visible(how)}" if how else ""),
        state=_state(one, has_died),
        since=one.updated_at if one.ended else one.began_at,
        href=f"/runs/{one.run_id}" if one.run_id else f"/runs?pipeline={one.pipeline}",
        done=one.objects if one.total is not None else None,
        total=one.total,
    )


def _has_died(one: BackfillProgress, is_live: bool) -> bool:
    """Return whether it works no more and could not say so: a job by its run, a command by its silence."""
    if one.ended:
        return False
    return not is_live if one.run_id else one.is_silent(datetime.now(UTC))


def _how(one: BackfillProgress, has_died: bool) -> str:
    """Return how it ended, empty for one that works."""
    if has_died:
        return "it has died: begin it again"
    return one.stopped or "ended" if one.ended else ""


def _state(one: BackfillProgress, has_died: bool) -> str:
    if one.ended:
        return "CANCELLED" if one.stopped else "DONE"
    return "FAILED" if has_died else "RUNNING"


def _missed_times(one: MissedTimes) -> contract.Row:
    left, of = (written(number) for number in (one.left, one.of))
    until = f", from {one.first} to {one.last}" if one.left > 1 else f", {one.first}" if one.left else ""
    known = one.of < MAX_COUNTED
    return contract.Row(
        text=f"{one.pipeline}: {left} of {of} scheduled times left{until}; {one.live:,} under way",
        state="RUNNING" if one.live else "WAITING",
        href=f"/runs?pipeline={one.pipeline}",
        done=one.of - one.left if known else None,
        total=one.of if known else None,
    )


def _group(one: Group) -> contract.Row:
    before = one.number - 1
    full = f"; {counted(before, 'group was', 'groups were')} full before it" if before else ""
    return contract.Row(
        text=f"{one.pipeline}: {one.files:,} of at most {one.max_files:,} files in a group of"
        f" {visible(without_own_groups(one.trigger))}{full}",
        state="RUNNING",
        since=one.opened_at,
        until=one.closes_at,
        href=f"/runs?pipeline={one.pipeline}",
        done=one.files,
        total=one.max_files,
    )


def _is_backfill(group: Group) -> bool:
    return OWN_GROUPS_MARK in group.trigger
