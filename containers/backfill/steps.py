"""The job of a backfill: finds the objects of a pipeline that were not processed, and starts their runs."""

from __future__ import annotations

import json
from dataclasses import asdict
from functools import partial
from typing import Any

from sluice.aws.clients import client
from sluice.aws.outages import is_outage
from sluice.aws.retrying import Backoff, retry
from sluice.backfill.job import BackfillJob
from sluice.backfill.records import BackfillProgress, BackfillRecords
from sluice.backfill.sources import source_of
from sluice.backfill.starters import Starters
from sluice.backfill.target import targets_from_json
from sluice.counted import counted
from sluice.ledger.pauses import Pauses
from sluice.settings import BackfillSettings, JobSettings, SubmissionSettings
from sluice.steps import Out, Results, Trigger
from sluice.triggers.trigger_event import ScheduledTime

RESULT = "backfill.json"
_BACKOFF: dict[str, Any] = {"attempts": 8, "base": 5.0, "cap": 300.0}
"""Some minutes of an outage."""


def backfill(results: Results, out: Out) -> None:
    """Do what the run was asked for, or what its schedule says, and publish how many objects it was about.

    Where AWS does not answer for a while it begins again, which starts nothing twice.
    """
    done = retry(partial(_done, _job(), results.trigger), Backoff(**_BACKOFF), when=_may_pass)
    print(_in_words(done), flush=True)
    out.write(RESULT, json.dumps(asdict(done)))


def _done(job: BackfillJob, started_by: Trigger) -> BackfillProgress:
    if isinstance(started_by, ScheduledTime):
        return job.reconcile(started_by.input, started_by.scheduled_for)
    return job.do(started_by.input)


def _may_pass(error: Exception) -> bool:
    print(f"{type(error).__name__}: {error}", flush=True)
    return is_outage(error)


def _job() -> BackfillJob:
    settings, own = JobSettings.from_env(), BackfillSettings.from_env()
    dynamodb, targets = client("dynamodb"), targets_from_json(own.backfill_targets)
    starters = Starters(
        client=client,
        table=settings.ledger_table,
        work_bucket=settings.work_bucket,
        trigger_queue=own.trigger_queue,
    )
    pauses = Pauses(dynamodb, settings.ledger_table)
    return BackfillJob(
        run_id=SubmissionSettings.from_env().run,
        targets=targets,
        records=BackfillRecords(dynamodb, settings.ledger_table),
        starter_of=starters.of,
        source_of=partial(source_of, client("s3"), note=partial(print, flush=True)),
        is_paused=lambda: pauses.read(targets[0].pipeline) is not None,
    )


def _in_words(done: BackfillProgress) -> str:
    begun = "were not processed; nothing was changed" if done.dry_run else "were new; their runs begin"
    gone = f" {done.gone:,} that the report names are gone." if done.gone else ""
    return f"{done.about}: {counted(done.objects, 'object')}, of which {done.new:,} {begun}.{gone}"
