"""Writes a run as one HTML file beside its results, by its cleanup: what the run's objects say of it,
before they are gone, and when the steps ended.

It asks AWS Batch nothing: what a job's own record has is in `sluice report`, while AWS Batch keeps it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from itertools import islice

from botocore.exceptions import ClientError

from sluice import keys
from sluice.aws.conditional_write import Place
from sluice.items.failed_items import FailedItem
from sluice.report.inputs import input_facts
from sluice.report.page import page_of
from sluice.report.report import ReportFailure, ReportFile, ReportStep, RunReport
from sluice.run.compiled import CompiledStep
from sluice.run.state import RunState, StepRecord, StepState
from sluice.runtime.attempt_mark import is_of_later_run, is_of_run, run_mark
from sluice.runtime.step_context import StepContext
from sluice.runtime.stored.failed_items import failed_items

MAX_FAILED_ITEMS = 10_000
"""So many failed items of a step are counted by their reasons."""
_MAX_NAMED = 10
_TIMES = (
    "Each bar goes from when the step could begin to when the last of its jobs had ended, as their objects in"
    " S3 said."
)
_NOT_RUN = "NOT_RUN"
_MISSING = ("NoSuchKey", "404")


@dataclass(slots=True)
class StepEnds:
    """When the last word of each step was written, ISO 8601, UTC: noted while a run's objects are listed."""

    run_id: str
    latest: dict[str, str] = field(default_factory=dict)

    def note(self, key: str, modified: datetime) -> None:
        """Note an object of the run."""
        step, _, rest = key.removeprefix(keys.run_prefix(self.run_id)).partition("/")
        if rest.startswith(("words/", "failures/")):
            at = modified.astimezone(UTC).isoformat(timespec="milliseconds")
            self.latest[step] = max(self.latest.get(step, ""), at)


def prepare_report(
    context: StepContext, records: Mapping[str, StepRecord], files: Iterable[ReportFile]
) -> RunReport:
    """Return the report without the times at which steps ended; the failed items are read."""
    assignment = context.assignment
    steps = assignment.pipeline.steps
    failures, more = _all_failures(context, records.values())
    now = datetime.now(UTC).isoformat(timespec="milliseconds")
    has_failed = assignment.state is RunState.FAILED
    return RunReport(
        run_id=context.job.run,
        pipeline=assignment.pipeline.name,
        state=RunState.FAILED if has_failed else RunState.SUCCEEDED,
        created_at=assignment.began,
        ended_at="" if has_failed else now,
        written_at=now,
        input=tuple((name, str(text)) for name, text in input_facts(assignment.trigger)),
        steps=tuple(_step(step, records.get(step.name)) for step in steps if step.name != context.job.step),
        failures=failures,
        more_failures=more,
        files=tuple(files),
        note_on_times=_TIMES,
    )


def write_report(context: StepContext, report: RunReport, ends: Mapping[str, str]) -> None:
    """Write the report, one PutObject, with the times at which steps ended."""
    results, who = context.results, (context.job.run, context.assignment.reopened)
    key = results.prefix + keys.REPORT
    place = Place(context.s3, results.bucket, key, lambda found: is_of_later_run(found, *who))
    place.write(
        partial(
            context.s3.put_object,
            Bucket=results.bucket,
            Key=key,
            Body=page_of(_timed(report, ends)).encode(),
            ContentType="text/html; charset=utf-8",
            Metadata=run_mark(*who) | place.metadata,
        )
    )


def has_report(context: StepContext) -> bool:
    """Return whether an earlier attempt has written the report of this time that the run ran."""
    place = context.results
    try:
        found = context.s3.get_object(Bucket=place.bucket, Key=place.prefix + keys.REPORT, Range="bytes=0-0")
    except ClientError as error:
        if error.response["Error"]["Code"] not in _MISSING:
            raise
        return False
    found["Body"].close()
    return is_of_run(found.get("Metadata", {}), context.job.run, context.assignment.reopened)


def _timed(report: RunReport, ends: Mapping[str, str]) -> RunReport:
    """Return the report in which a step goes from its claim, or the end of the last step before it, to its
    own end.
    """
    begun = {
        step.name: max([step.submitted_at, *(ends.get(parent, "") for parent in step.parents)])
        for step in report.steps
    }
    steps = tuple(
        replace(step, started_at=begun[step.name], ended_at=ends[step.name])
        if step.name in ends and begun[step.name]
        else step
        for step in report.steps
    )
    return replace(report, steps=steps, ended_at=report.ended_at or max(ends.values(), default=""))


def _step(step: CompiledStep, record: StepRecord | None) -> ReportStep:
    known = record or StepRecord(name=step.name, state=StepState.CLAIMED)
    children, failed = step.nodes or known.children, _failed_children(known)
    return ReportStep(
        name=step.name,
        kind=step.kind,
        state=_NOT_RUN if known.state is StepState.CLAIMED else known.state,
        children=children,
        done=children - failed if known.done or failed else 0,
        failed=failed,
        items=known.item_source.items if known.item_source else known.items,
        failed_items=known.failed_items,
        generation=known.generation,
        submitted_at=known.claimed_at,
        reason=known.reason or "",
        definition=step.job_definition.rpartition("/")[2],
        parents=step.parents,
    )


def _failed_children(record: StepRecord) -> int:
    return len(record.failed_indexes or ()) if record.failed else 0


def _all_failures(
    context: StepContext, records: Iterable[StepRecord]
) -> tuple[tuple[ReportFailure, ...], bool]:
    found = [_failures(context, record) for record in records if _has_failures(record)]
    return tuple(one for of_step, _ in found for one in of_step), any(more for _, more in found)


def _has_failures(record: StepRecord) -> bool:
    return record.failed or bool(record.failed_items)


def _failures(context: StepContext, record: StepRecord) -> tuple[list[ReportFailure], bool]:
    """Return the failures of a step by their reasons, the most frequent first, and whether there are more."""
    read = islice(_own_failed_items(context, record), MAX_FAILED_ITEMS + 1)
    by_reason: dict[str, list[str]] = {}
    counts: dict[str, int] = {}
    for one in islice(read, MAX_FAILED_ITEMS):
        reason = f"{one.error}: {one.message}"
        counts[reason] = counts.get(reason, 0) + 1
        named = by_reason.setdefault(reason, [])
        if len(named) < _MAX_NAMED:
            named.append(one.where)
    found = [
        ReportFailure(step=record.name, reason=reason, count=counts[reason], items=tuple(named))
        for reason, named in sorted(by_reason.items(), key=lambda one: -counts[one[0]])
    ]
    if not found and record.reason:
        found = [ReportFailure(step=record.name, reason=record.reason, count=record.failed_items or 1)]
    return found, next(read, None) is not None


def _own_failed_items(context: StepContext, record: StepRecord) -> Iterator[FailedItem]:
    """Yield the failed items of a step whose items are counted, without those that failed upstream."""
    if context.assignment.pipeline.step(record.name).continues:
        yield from (one for one in failed_items(context, record.name) if not one.upstream)
