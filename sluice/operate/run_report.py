"""Makes the report of a run from the ledger, AWS Batch, the failure reports and the published files."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from itertools import islice

from sluice import keys
from sluice.operate.clients import ObjectReader
from sluice.operate.errors import ResultsUnreadableError
from sluice.operate.runs.failures import FailureGroup, FailureReader, Failures
from sluice.operate.runs.results import list_results
from sluice.operate.runs.view import StepView
from sluice.operate.watching.snapshot import Snapshot, moment
from sluice.receipts.location import Location, location_of_run
from sluice.report.inputs import input_facts
from sluice.report.report import ReportFailure, ReportFile, ReportStep, RunReport
from sluice.run.state import StepRecord, StepState

MAX_FILES = 1_000


def report_of(s3: ObjectReader, work: str, results: str, snapshot: Snapshot) -> RunReport:
    """Return the report of a run as it is now; ``work`` and ``results`` are the names of the buckets."""
    run = snapshot.run
    reader = FailureReader(s3, work, run)
    failed = [(record, reader.grouped(record)) for record in _failed(snapshot)]
    return RunReport(
        run_id=run.run_id,
        pipeline=run.pipeline.name,
        state=run.state,
        created_at=run.created_at,
        ended_at=run.ended_at or "",
        written_at=datetime.now(UTC).isoformat(timespec="milliseconds"),
        input=tuple((name, str(text)) for name, text in input_facts(run.trigger)),
        steps=tuple(_step(snapshot, view) for view in snapshot.view.steps),
        failures=tuple(group for record, found in failed for group in _groups(record, found)),
        more_failures=any(found.more for _, found in failed),
        files=tuple(_files(s3, location_of_run(run, results))),
    )


def _files(s3: ObjectReader, place: Location) -> Iterator[ReportFile]:
    """Yield what a run has published; nothing where its bucket, which may be a team's own, cannot be listed:
    that may be why it failed.
    """
    with suppress(ResultsUnreadableError):
        for one in islice(list_results(s3, place), MAX_FILES):
            if one.name != keys.REPORT:
                yield ReportFile(one.name, one.size)


def _failed(snapshot: Snapshot) -> Iterator[StepRecord]:
    for view in snapshot.view.steps:
        record = snapshot.record(view.name)
        if record is not None and (view.failed or view.state == "FAILED"):
            yield record


def _groups(record: StepRecord, found: Failures) -> Iterator[ReportFailure]:
    for group in found.groups:
        yield _failure(record, group)
    if not found.groups and record.reason:
        yield ReportFailure(step=record.name, reason=record.reason, count=record.failed_items or 1)


def _failure(record: StepRecord, group: FailureGroup) -> ReportFailure:
    items = tuple(f"item {number}: {text}" if text else f"item {number}" for number, text in group.items)
    children = tuple(f"child {child}" for child in group.children)
    return ReportFailure(step=record.name, reason=group.reason, count=group.count, items=items or children)


def _step(snapshot: Snapshot, view: StepView) -> ReportStep:
    step, record, job = (
        snapshot.run.pipeline.step(view.name),
        snapshot.record(view.name),
        snapshot.job(view.name),
    )
    known = record or StepRecord(name=view.name, state=StepState.CLAIMED)
    return ReportStep(
        name=view.name,
        kind=view.kind,
        state=view.state,
        children=view.children,
        done=view.done,
        failed=view.failed,
        items=known.item_source.items if known.item_source else known.items,
        failed_items=known.failed_items,
        generation=known.generation,
        submitted_at=moment(job.get("createdAt")) or known.claimed_at,
        started_at=moment(job.get("startedAt")) or "",
        ended_at=moment(job.get("stoppedAt")) or "",
        reason=view.reason or "",
        definition=step.job_definition.rpartition("/")[2],
        parents=step.parents,
    )
