"""Whether what no event has brought is looked for: the schedule, and the last listing with its result."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

from cli.commands.doctor.account import Account, not_deployed
from cli.commands.doctor.finding import Finding, error, ok, warning
from cli.project import current_project
from cli.times import moment
from sluice.backfill.records import BackfillProgress, BackfillRecords
from sluice.counted import counted
from sluice.operate.listing.listing import RunFilter, list_runs
from sluice.operate.listing.summaries import RunSummary
from sluice.pipeline.definition import Pipeline, S3Upload
from sluice.pipeline.loading import load_pipelines
from sluice.pipeline.validation.triggers.reconciles import ON_REQUEST, backfill_name
from sluice.run.state import RunState

_STACK, _STORAGE = "Pipelines", "Storage"
LATE = timedelta(days=1)
"""How long a listing may be due: it waits for a machine, and takes its time."""


def reconciles(account: Account) -> Iterator[Finding]:
    """Check each pipeline whose objects are listed on a schedule."""
    # Of all schedules those of backfills: their logical ids have the pipeline's name without its hyphens.
    names = account.resources(_STACK, "AWS::Scheduler::Schedule", "backfill")
    tables = account.resources(_STORAGE, "AWS::DynamoDB::Table")
    if names is None or not tables:
        yield not_deployed(account, _STACK if names is None else _STORAGE)
        return
    pipelines = [one for one in load_pipelines(current_project().root) if _intervals(one)]
    if not pipelines:
        yield ok("No trigger has reconcile= with an interval.")
        return
    states = dict(_states(account, names))
    for pipeline in pipelines:
        schedule = _schedule(pipeline, states)
        yield schedule or _last_listing(account, pipeline, tables[0])


def _intervals(pipeline: Pipeline) -> set[str]:
    uploads = [one for one in pipeline.triggers if isinstance(one, S3Upload)]
    return {one.reconcile for one in uploads if one.reconcile not in (None, ON_REQUEST)}


def _states(account: Account, names: Sequence[str]) -> Iterator[tuple[tuple[str, str], str]]:
    """Yield the state of each schedule, by the pipeline that it starts and its own name."""
    for name in names:
        found = account.scheduler.get_schedule(Name=name)
        message = json.loads(found["Target"]["Input"].replace("<aws.scheduler.scheduled-time>", "-"))
        yield (str(message.get("pipeline")), name), str(found.get("State", "ENABLED"))


def _schedule(pipeline: Pipeline, states: dict[tuple[str, str], str]) -> Finding | None:
    """Return what is wrong with the schedules of a pipeline."""
    own = {name: state for (of, name), state in states.items() if of == backfill_name(pipeline.name)}
    if len(own) < len(_intervals(pipeline)):
        return error(
            f"{pipeline.name} has reconcile={_shown(pipeline)}; {len(own)} of its schedules are deployed.",
            "`make deploy` makes them.",
        )
    if off := [name for name, state in own.items() if state != "ENABLED"]:
        return error(
            f"The schedule {off[0]} is switched off: objects of {pipeline.name} that no event has brought are"
            " not looked for.",
            f"Enable it in EventBridge Scheduler, or drop reconcile= of {pipeline.name} and deploy.",
        )
    return None


def _last_listing(account: Account, pipeline: Pipeline, table: str) -> Finding:
    asked = RunFilter(pipeline=backfill_name(pipeline.name))
    newest = next(iter(list_runs(account.dynamodb, table, limit=1, asked=asked).runs), None)
    if newest is not None and newest.state is RunState.FAILED:
        return _failed(pipeline, newest)
    done = BackfillRecords(account.dynamodb, table).of(pipeline.name)
    last = next((one for one in done if one.next_at and one.ended), None)
    if last is None:
        every = _shown(pipeline)
        return ok(f"Objects of {pipeline.name} are listed every {every}; no listing has ended yet.")
    if datetime.fromisoformat(last.next_at) + LATE < datetime.now(UTC):
        return _overdue(pipeline, last)
    return ok(
        f"The last listing of {pipeline.name} ({moment(last.began_at)}) looked at"
        f" {counted(last.objects, 'object')}, {last.new:,} of which no event had brought."
    )


def _failed(pipeline: Pipeline, newest: RunSummary) -> Finding:
    return warning(
        f"The last listing of {pipeline.name} failed: {newest.run_id} ({moment(newest.created_at)}).",
        f"`sluice show {newest.run_id}` says why, `sluice retry {newest.run_id}` repeats it.",
    )


def _overdue(pipeline: Pipeline, last: BackfillProgress) -> Finding:
    return warning(
        f"A listing of {pipeline.name} was due {moment(last.next_at)}; the last one is of"
        f" {moment(last.began_at)}.",
        f"`sluice runs --pipeline {backfill_name(pipeline.name)}` shows what became of it.",
    )


def _shown(pipeline: Pipeline) -> str:
    return " and ".join(sorted(_intervals(pipeline)))
