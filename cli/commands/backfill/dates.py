"""The runs of a schedule's times in the past, for `sluice backfill NAME --since … --until …`."""

from __future__ import annotations

import argparse
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from cli.cloud import Cloud
from cli.commands.backfill.status import print_not_recorded
from cli.console import print_json, print_line, print_note
from cli.errors import FAILED
from sluice.backfill.recording import recorded
from sluice.backfill.records import BackfillRecords
from sluice.counted import counted
from sluice.operate.again.definitions import DeployedDefinitions
from sluice.operate.errors import RequestError
from sluice.operate.start.dates import DateStarter, ScheduledRun, scheduled_runs
from sluice.pipeline.definition import Pipeline, S3Upload, Schedule

_PAUSE_SECONDS = 2.0
_SUCCEEDED = "SUCCEEDED"
Sleep = Callable[[float], None]


def has_dates(pipeline: Pipeline) -> bool:
    """Return whether a range of dates means the times of a pipeline's schedules: it has no uploads."""
    has_uploads = any(isinstance(one, S3Upload) for one in pipeline.triggers)
    return not has_uploads and any(isinstance(one, Schedule) for one in pipeline.triggers)


@dataclass(frozen=True, slots=True)
class _Asked:
    since: datetime
    until: datetime


def backfill_dates(
    given: argparse.Namespace, cloud: Cloud, pipeline: Pipeline, *, sleep: Sleep = time.sleep
) -> int:
    """Start the run of each scheduled time from ``given.since`` up to ``given.until``, by default now, one
    after the other or ``given.max_concurrency`` at a time; return 1 when one of them did not succeed.

    With ``given.dry_run`` the times are printed. Raises RequestError for a range that has none.
    """
    asked = _range(given)
    wanted = scheduled_runs(pipeline, asked.since, asked.until)
    if given.dry_run:
        return _show_times(given, wanted)
    print_note(f"{counted(len(wanted), 'time')} of {pipeline.name}.")
    ended: list[tuple[ScheduledRun, str]] = []
    with recorded(
        BackfillRecords(cloud.client("dynamodb"), cloud.deployment.table),
        pipeline=str(pipeline.name),
        about=f"scheduled times since {asked.since.isoformat()}, until {asked.until.isoformat()}",
        total=len(wanted),
        denied=print_not_recorded,
    ) as recording:
        for one, state in _starter(cloud, pipeline, sleep).start(
            wanted, getattr(given, "max_concurrency", None) or 1
        ):
            ended.append((one, state))
            recording.moved(len(ended), len(ended))
            if not given.json:
                print_line(f"{one.time}  {one.run_id}  {state}")
    return _show_ends(given, ended)


def _range(given: argparse.Namespace) -> _Asked:
    if given.since is None:
        raise RequestError("Expected --since, found none: from which scheduled time on?")
    return _Asked(given.since, given.until or datetime.now(UTC))


def _starter(cloud: Cloud, pipeline: Pipeline, sleep: Sleep) -> DateStarter:
    deployment = cloud.deployment
    bucket, key = deployment.definitions

    def state_of(run_id: str) -> str | None:
        run = cloud.ledger.load(run_id)
        return None if run is None else str(run.state)

    return DateStarter(
        pipeline=str(pipeline.name),
        definition=DeployedDefinitions(cloud.client("s3"), bucket, key).location_of(str(pipeline.name)),
        sqs=cloud.client("sqs"),
        queue=deployment.trigger_queue,
        state_of=state_of,
        pause=lambda: sleep(_PAUSE_SECONDS),
    )


def _show_times(given: argparse.Namespace, wanted: list[ScheduledRun]) -> int:
    if given.json:
        print_json([{"time": one.time, "run_id": one.run_id} for one in wanted])
    else:
        for one in wanted:
            print_line(f"{one.time}  {one.run_id}")
        print_line(f"{counted(len(wanted), 'time')}. Nothing was started.")
    return 0


def _show_ends(given: argparse.Namespace, ended: list[tuple[ScheduledRun, str]]) -> int:
    counts = Counter(state for _, state in ended)
    if given.json:
        print_json([{"time": one.time, "run_id": one.run_id, "state": state} for one, state in ended])
    else:
        print_line(
            ", ".join(f"{number:,} {state}" for state, number in sorted(counts.items())) or "No times."
        )
    return 0 if set(counts) <= {_SUCCEEDED} else FAILED
