"""`sluice backfill --status`: backfills that jobs and commands do, the missed times that are left, and the
groups that backfills fill.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

from cli.cloud import Cloud
from cli.console import console_of, print_json, print_note, print_table
from cli.times import moment
from sluice.backfill.records import BackfillProgress, BackfillRecords
from sluice.catch_up.ledger import CatchUpLedger
from sluice.grouping.group import Group
from sluice.grouping.ledger import GroupLedger
from sluice.operate.missed_times import MissedTimes, all_missed_times, definition_reader, written
from sluice.triggers.upload_patterns import OWN_GROUPS_MARK
from sluice.visible import visible

_MISSED = ("PIPELINE", "MISSED TIMES LEFT", "OF", "FIRST (UTC)", "LAST (UTC)", "UNDER WAY")
_JOBS = ("PIPELINE", "RUN", "STATE", "DONE", "OF", "NEW", "AS OF (UTC)", "NEXT (UTC)", "ABOUT")
_SHOWN = 5
"""Of the backfills of one pipeline that have ended."""
_GROUPS = ("PIPELINE", "GROUP", "FILES", "CLOSES BY ITSELF IN")


@dataclass(frozen=True, slots=True)
class _Status:
    """What there is to show: backfills with their states, missed times, and open groups."""

    jobs: Sequence[tuple[BackfillProgress, str]]
    missed: Sequence[MissedTimes]
    groups: Sequence[Group]


def show_status(given: argparse.Namespace, cloud: Cloud) -> int:
    """Show backfills under way, and of one pipeline also the last that have ended; what is left of missed
    times; and the open groups of backfills. 0 also when there is nothing.
    """
    found = _read(cloud, given.name)
    if given.json:
        print_json(
            {
                "jobs": [asdict(one) | {"state": state} for one, state in found.jobs],
                "missed_times": [asdict(one) for one in found.missed],
                "groups": [_group(one) for one in found.groups],
            }
        )
        return 0
    _show(found)
    return 0


def _read(cloud: Cloud, pipeline: str | None) -> _Status:
    dynamodb, table = cloud.client("dynamodb"), cloud.deployment.table
    definitions = definition_reader(cloud.client("s3"))
    groups = GroupLedger(dynamodb, table).unfinished()
    return _Status(
        jobs=[(one, _state(cloud, one)) for one in _jobs(BackfillRecords(dynamodb, table), pipeline)],
        missed=list(all_missed_times(CatchUpLedger(dynamodb, table), definitions, pipeline)),
        groups=[one for one in groups if _is_of_backfill(one) and pipeline in (None, one.pipeline)],
    )


def _is_of_backfill(group: Group) -> bool:
    return OWN_GROUPS_MARK in group.trigger


def _jobs(records: BackfillRecords, pipeline: str | None) -> Iterable[BackfillProgress]:
    return records.unfinished() if pipeline is None else records.of(pipeline)[:_SHOWN]


def print_not_recorded(refusal: str) -> None:
    """Say that how far a backfill is will not be seen elsewhere."""
    print_note(f"How far it is cannot be written into the ledger, so only this command shows it: {refusal}")


def _state(cloud: Cloud, job: BackfillProgress) -> str:
    """Return the state of the run whose job it is, for one that was killed does not say so itself; of a
    command how it went, by its own word.
    """
    if not job.run_id:
        silent = "SILENT" if job.is_silent(datetime.now(UTC)) else "RUNNING"
        return ("STOPPED" if job.stopped else "ENDED") if job.ended else silent
    run = cloud.ledger.load(job.run_id)
    return str(run.state) if run is not None else "REMOVED"


def _job(one: BackfillProgress, state: str) -> tuple[str, ...]:
    new = f"{one.new:,} to do" if one.dry_run else f"{one.new:,}"
    next_at = moment(one.next_at) if one.next_at else ""
    return (
        one.pipeline,
        one.run_id or "by a command",
        state,
        f"{one.objects:,}",
        "" if one.total is None else f"{one.total:,}",
        new,
        moment(one.updated_at),
        next_at,
        f"{one.about}: {visible(one.stopped)}" if one.stopped else one.about,
    )


def _show(found: _Status) -> None:
    if found.jobs:
        print_table(console_of(), _JOBS, [_job(*one) for one in found.jobs])
    if found.missed:
        print_table(console_of(), _MISSED, [_row(one) for one in found.missed])
    if found.groups:
        now = datetime.now(UTC)
        rows = [
            (one.pipeline, one.run_id, f"{one.files:,}", f"{one.seconds_left(now):.0f} s")
            for one in found.groups
        ]
        print_table(console_of(), _GROUPS, rows)
    if found == _Status([], [], []):
        print_note("No backfill is under way, no missed time is left, and no backfill fills a group.")


def _row(one: MissedTimes) -> tuple[str, ...]:
    left, of = (written(number) for number in (one.left, one.of))
    first, last = (moment(time) if time else "" for time in (one.first, one.last))
    return one.pipeline, left, of, first, last, str(one.live)


def _group(one: Group) -> dict[str, object]:
    return {"pipeline": one.pipeline, "run_id": one.run_id, "files": one.files}
