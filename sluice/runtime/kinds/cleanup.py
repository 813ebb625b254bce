"""The jobs that Sluice adds to every pipeline: the cleanup at its end, and gates."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice

from sluice import keys
from sluice.counted import counted
from sluice.receipts.receipt import PublishedFile
from sluice.report.report import ReportFile, RunReport
from sluice.run.compiled import Kind
from sluice.run.state import RunState, StepRecord, StepState
from sluice.runtime.errors import CleanupError
from sluice.runtime.kinds.receipt import has_receipt, write_receipt
from sluice.runtime.kinds.run_report import StepEnds, has_report, prepare_report, write_report
from sluice.runtime.step_context import StepContext
from sluice.runtime.stored.failed_items import failed_items
from sluice.runtime.stored.result_parts import part_keys

# https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html
_MAX_DELETED_KEYS = 1000
_RECORDED = (StepState.SUCCEEDED, StepState.FAILED, StepState.EMPTY)
_RECORDED_WITHIN_SECONDS = 900.0
"""Longer than it takes a sweep to find an end whose event was lost."""
_FIRST_PAUSE, _MAX_PAUSE = 0.5, 30.0
_Records = Mapping[str, StepRecord]


def cleanup(context: StepContext, function: None = None) -> str:
    """Remove the run's transient objects, unless it tolerated failed items: a retry of these needs the rest.

    Raises CleanupError when some could not be deleted, or when a step has not proven that its work was done:
    then everything is kept.

    The words of a step whose end is not recorded yet prove its success to whoever records it, and are kept
    until it is. Most often it is when the cleanup begins; where an event was lost it takes some minutes.
    Should it take longer still, they expire by themselves.
    """
    records = _read(context)
    unrecorded = _unrecorded(context, records)
    for record in unrecorded:
        _check_words(context, record)
    if unrecorded:  # by now they may be
        records = _read(context)
    report = _report(context, records, _publish(context, records))
    ends = StepEnds(context.job.run)
    is_kept = _has_tolerated_failures(context, records)
    words = [_kept(context, record) for record in unrecorded]
    # Listed all the same: the report has from it when the steps ended.
    removed = _remove(context, [keys.run_prefix(context.job.run)] if is_kept else words, ends)
    if report is not None:
        write_report(context, report, ends.latest)
    if is_kept:
        return "kept for a retry of the failed items; it expires by itself"
    removed += _remove_recorded(context, unrecorded, ends)
    return f"{counted(removed, 'object')} removed"


def _read(context: StepContext) -> _Records:
    """Return all steps of the run, by one read of the ledger for a hundred of them.

    What was read with the run may be of before a moment at which it had not ended: a batch is read item by
    item. https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html
    """
    names = [step.name for step in context.assignment.pipeline.steps]
    records = context.records_of(names)
    has_ended = context.assignment.state is not RunState.RUNNING
    if has_ended and any(_is_open(one) for one in records.values() if one.name != context.step.name):
        return context.records_of(names)
    return records


def _is_open(record: StepRecord) -> bool:
    return record.state not in _RECORDED


def _remove_recorded(context: StepContext, unrecorded: list[StepRecord], ends: StepEnds) -> int:
    """Remove the words of these steps once their ends are recorded, and return how many objects they were."""
    removed = 0
    waited, pause = 0.0, _FIRST_PAUSE
    while unrecorded and waited < _RECORDED_WITHIN_SECONDS:
        time.sleep(pause)
        waited, pause = waited + pause, min(pause * 2, _MAX_PAUSE)
        records = context.records_of([record.name for record in unrecorded])
        before, unrecorded = unrecorded, _unrecorded(context, records)
        if len(unrecorded) < len(before):
            removed += _remove(context, [_kept(context, record) for record in unrecorded], ends)
    return removed


def _has_tolerated_failures(context: StepContext, records: _Records) -> bool:
    """Return whether a run goes without some of its items: a retry repeats these, and needs the others'
    results. All arrays whose failure may be tolerated ended before the cleanup was submitted.
    """
    if context.assignment.state is RunState.FAILED:
        return False
    steps = context.assignment.pipeline.steps
    if not any(step.finished for step in steps):
        return False
    arrays = [step.name for step in steps if step.kind is Kind.ARRAY]
    return any(records[name].failed_items for name in arrays if name in records)


def _is_published(context: StepContext) -> bool:
    """Return whether an earlier attempt has published all: it may have died while it removed what that was
    made of.

    A failed run has published its failed items when it failed.
    """
    if context.job.attempt == 1 and context.job.generation == 0:
        return False
    return context.assignment.state is RunState.FAILED or has_receipt(context)


def _publish(context: StepContext, records: _Records) -> Sequence[PublishedFile]:
    """Publish what is not yet, and return the files that the receipt names, if it is written now."""
    if _is_published(context):
        return ()
    _publish_failed_items(context, records)
    # The cleanup of a failed run comes days later, and such a run has no receipt.
    return () if context.assignment.state is RunState.FAILED else write_receipt(context, records)


def _report(context: StepContext, records: _Records, files: Sequence[PublishedFile]) -> RunReport | None:
    """Return the report as far as it can be made before the run's objects are removed, None where an earlier
    attempt has written it.
    """
    if (context.job.attempt > 1 or context.job.generation) and has_report(context):
        return None
    return prepare_report(context, records, [ReportFile(one.name, one.size) for one in files])


def _publish_failed_items(context: StepContext, records: _Records) -> None:
    """Publish the failed items of a run that succeeded all the same. Memory: about 4 MiB.

    Where steps ran again the file of an earlier failure may be there: with nothing left to name it is empty.
    """
    steps = [step.name for step in context.assignment.pipeline.steps if step.continues]
    known = [records[name] for name in steps if name in records]
    lines = _failed_lines(context, [record.name for record in known if _may_have_failed_items(record)])
    first = next(lines, None)
    if first is not None:
        with context.out.open(keys.FAILED_ITEMS, "w") as file:
            file.writelines(chain([first], lines))
    elif any(record.generation for record in known):
        context.out.write(keys.FAILED_ITEMS, "")


def _may_have_failed_items(record: StepRecord) -> bool:
    """Return whether items of an array may have failed: its success is recorded with how many did, if any."""
    return record.state is not StepState.SUCCEEDED or bool(record.failed_items)


def _failed_lines(context: StepContext, steps: Iterable[str]) -> Iterator[str]:
    for step in steps:
        yield from (
            one.to_line_of(step, context.job.run) for one in failed_items(context, step) if not one.upstream
        )


def _unrecorded(context: StepContext, records: _Records) -> list[StepRecord]:
    """Return the steps with words whose end is not recorded; none in a run that is over."""
    if context.assignment.state is not RunState.RUNNING:
        return []
    steps = context.assignment.pipeline.steps
    with_words = {one.name for one in steps if one.supervised and one.kind is not Kind.PLAN}
    return [
        record for record in records.values() if record.name in with_words and record.state not in _RECORDED
    ]


def _check_words(context: StepContext, record: StepRecord) -> None:
    bucket = context.settings.work_bucket
    found = {keys.child_of_word(key) for key in part_keys(context.s3, bucket, _words(context, record))}
    if missing := [child for child in record.indexes if child not in found]:
        raise CleanupError(
            f"Expected the words of all children of {record.name}, which say that their work was done, found"
            f" none of {len(missing)}, first {missing[0]}. Nothing is removed."
        )


def _words(context: StepContext, record: StepRecord) -> str:
    return keys.words_prefix(context.job.run, record.name, record.generation)


def _kept(context: StepContext, record: StepRecord) -> str:
    return keys.all_words_prefix(context.job.run, record.name)


def _remove(context: StepContext, kept: Sequence[str], ends: StepEnds) -> int:
    """Remove the run's objects but those below these prefixes, and return how many they were."""
    bucket, removed = context.settings.work_bucket, 0
    found = (key for key in _listed(context, bucket, ends) if not key.startswith(tuple(kept)))
    while objects := [{"Key": key} for key in islice(found, _MAX_DELETED_KEYS)]:
        answer = context.s3.delete_objects(Bucket=bucket, Delete={"Objects": objects, "Quiet": True})
        if refused := answer.get("Errors"):
            first = refused[0]
            raise CleanupError(
                f"Expected to delete {len(objects)} objects of s3://{bucket}, found {len(refused)} refused, "
                f"first {first['Key']}: {first['Code']}. They expire by themselves."
            )
        removed += len(objects)
    return removed


def _listed(context: StepContext, bucket: str, ends: StepEnds) -> Iterator[str]:
    """Yield the keys of the run's objects, and note when those were written that end a step."""
    pages = context.s3.get_paginator("list_objects_v2").paginate(
        Bucket=bucket, Prefix=keys.run_prefix(context.job.run)
    )
    for one in (one for page in pages for one in page.get("Contents", ())):
        if "LastModified" in one:
            ends.note(one["Key"], one["LastModified"])
        yield one["Key"]


def gate(context: StepContext, function: None = None) -> str:
    """Do nothing: a gate only makes many parents one."""
    return "passed"
