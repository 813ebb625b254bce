"""The jobs that Sluice adds to every pipeline: the cleanup at its end, and gates."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from itertools import islice

from sluice import keys
from sluice.run.compiled import CompiledStep, Kind
from sluice.run.state import RunState, StepRecord, StepState
from sluice.runtime.errors import CleanupError
from sluice.runtime.result_parts import part_keys
from sluice.runtime.step_context import StepContext

# https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html
_MAX_DELETED_KEYS = 1000
_RECORDED = (StepState.SUCCEEDED, StepState.FAILED, StepState.EMPTY)
_RECORDED_WITHIN_SECONDS = 900.0
"""Longer than it takes a sweep to find an end whose event was lost."""
_FIRST_PAUSE, _MAX_PAUSE = 0.5, 30.0


def cleanup(context: StepContext, function: None = None) -> str:
    """Remove the run's transient objects; raises CleanupError when some could not be deleted, or when a step
    has not proven that its work was done: then everything is kept.

    The words of a step whose end is not recorded yet prove its success to whoever records it, and are kept
    until it is. Most often it is when the cleanup begins; where an event was lost it takes some minutes.
    Should it take longer still, they expire by themselves.
    """
    unrecorded = _unrecorded(context, context.assignment.pipeline.steps)
    for record in unrecorded:
        _check_words(context, record)
    removed = _remove(context, [_words(context, record) for record in unrecorded])
    waited, pause = 0.0, _FIRST_PAUSE
    while unrecorded and waited < _RECORDED_WITHIN_SECONDS:
        time.sleep(pause)
        waited, pause = waited + pause, min(pause * 2, _MAX_PAUSE)
        steps = [context.assignment.pipeline.step(record.name) for record in unrecorded]
        before, unrecorded = unrecorded, _unrecorded(context, steps)
        if len(unrecorded) < len(before):
            removed += _remove(context, [_words(context, record) for record in unrecorded])
    return f"{removed} objects removed"


def _unrecorded(context: StepContext, steps: Iterable[CompiledStep]) -> list[StepRecord]:
    """Return the steps with words whose end is not recorded; none in a run that is over."""
    if context.assignment.state is not RunState.RUNNING:
        return []
    records = [context.record_of(one.name) for one in steps if one.supervised and one.kind is not Kind.PLAN]
    return [record for record in records if record is not None and record.state not in _RECORDED]


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


def _remove(context: StepContext, kept: Sequence[str]) -> int:
    """Remove the run's objects but those below these prefixes, and return how many they were."""
    bucket, removed = context.settings.work_bucket, 0
    found = (
        key
        for key in part_keys(context.s3, bucket, keys.run_prefix(context.job.run))
        if not key.startswith(tuple(kept))
    )
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


def gate(context: StepContext, function: None = None) -> str:
    """Do nothing: a gate only makes many parents one."""
    return "passed"
