"""Judges whether a job that has ended did its work: an exit code is believed only with the word of the job's
supervisor, or with the manifest of a plan. See docs/decisions/0022-success-is-proven.md.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from sluice import keys
from sluice.advance.batch_events import JobEnded
from sluice.advance.memory_kills import killed_for_memory
from sluice.aws.batch_jobs import BatchReader
from sluice.counted import counted
from sluice.items.manifest import written_manifest
from sluice.items.object_store import ObjectLister, list_keys
from sluice.ledger.ledger import Assignment
from sluice.run import child_ranges
from sluice.run.compiled import CompiledPipeline, CompiledStep, Kind
from sluice.run.failures.memory_moves import may_have_more_memory
from sluice.run.failures.tolerance import max_failed_now
from sluice.run.failures.words import Tally, Words, newest_words, tally
from sluice.run.job_names import JobName
from sluice.run.state import StepRecord, StepState
from sluice.run.step_graph import StepGraph

_CHILDREN_CHARACTERS = 200


@dataclass(frozen=True, slots=True)
class Verdict:
    """How a job ended, as it is to be recorded; ``failed_children`` are those without a word, or with failed
    items, where that was looked at, and ``failed_items`` how many items of the whole array are not done.
    """

    state: StepState
    reason: str | None = None
    succeeded: int | None = None
    failed_children: str | None = None
    failed_items: int | None = None
    memory_children: str | None = None


@dataclass(frozen=True, slots=True)
class _Left:
    """What jobs left in the work bucket."""

    bucket: str
    s3: ObjectLister


def verdict(
    event: JobEnded,
    found: Assignment | None,
    bucket: str,
    s3: ObjectLister,
    batch: Callable[[], BatchReader] | None = None,
) -> Verdict | None:
    """Return how a job ended by what it left; None when its end is recorded already.

    ``batch`` makes the client that is asked which children were killed for want of memory. Costs nothing for
    a step without a supervisor, and a listing for each thousand children of any other.
    """
    said = Verdict(event.state, event.reason, event.succeeded)
    if found is None or found.step is None or not is_of(event, found.step):
        return said
    if found.step.state in (StepState.SUCCEEDED, StepState.FAILED):
        return None
    left = _Left(bucket, s3)
    judged = _judged(event, said, found.pipeline, found.step, left)
    return _with_memory(judged, found.pipeline.step(found.step.name), found.step, batch)


def _judged(
    event: JobEnded, said: Verdict, pipeline: CompiledPipeline, record: StepRecord, left: _Left
) -> Verdict:
    step = pipeline.step(record.name)
    if step.kind is Kind.PLAN:
        if _has_items(event, record, left):
            return said
        return Verdict(StepState.FAILED, f"{said.reason or _SUCCESS}, but {_WITHOUT_ITEMS}")
    if not step.supervised or (event.state is StepState.FAILED and step.kind is not Kind.ARRAY):
        return said
    sums = tally(record, _words(event, record, left))
    if step.continues:
        return _by_items(said, pipeline, record, sums)
    return _by_words(said, step, record, sums)


_SUCCESS = "AWS Batch reports success"
_WITHOUT_ITEMS = "the plan ended before it announced its items"


def is_of(event: JobEnded, record: StepRecord) -> bool:
    """Return whether an event is of the job that the ledger has, or may still register."""
    return record.generation == event.name.generation and record.job_id in (None, event.job_id)


def _has_items(event: JobEnded, record: StepRecord, left: _Left) -> bool:
    """Return whether a plan that succeeded has found its items: their announcement may still be under way."""
    if event.state is StepState.FAILED or record.planned:
        return True
    prefix = keys.manifests_of_job(event.name.run_id, record.name, event.job_id)
    return written_manifest(left.s3, left.bucket, prefix) is not None


def children_with_words(name: JobName, bucket: str, s3: ObjectLister) -> set[int]:
    """Return the children of a generation whose supervisors said that all of their work was done."""
    prefix = keys.words_prefix(name.run_id, name.step, name.generation)
    words = newest_words(list_keys(s3, bucket, prefix))
    return {word.child for word in words.values() if not word.failed}


def _words(event: JobEnded, record: StepRecord, left: _Left) -> Words:
    """Return the words of all generations of a step."""
    prefix = keys.all_words_prefix(event.name.run_id, record.name)
    return newest_words(list_keys(left.s3, left.bucket, prefix))


def _by_words(said: Verdict, step: CompiledStep, record: StepRecord, sums: Tally) -> Verdict:
    """Return what holds of a job whose silent children have no word."""
    if not sums.silent:
        return said
    failed = child_ranges.to_text(sums.silent) if step.kind is Kind.ARRAY else None
    is_failed = said.state is StepState.FAILED
    reason = said.reason if is_failed else _unproven(said, step, record, sums.silent)
    return Verdict(StepState.FAILED, reason, record.size - len(sums.silent), failed)


def _by_items(said: Verdict, pipeline: CompiledPipeline, record: StepRecord, sums: Tally) -> Verdict:
    """Return what holds of an array whose failures are counted in items."""
    step, here = pipeline.step(record.name), set(record.indexes)
    allowed = max_failed_now(
        StepGraph(pipeline), record.name, record.spec, sums.items, memory=len(sums.memory)
    )
    may_fail = allowed is not None and sums.failed <= allowed
    if not sums.silent and (may_fail or not here.intersection(sums.failing)):
        return Verdict(StepState.SUCCEEDED, None, said.succeeded, failed_items=sums.failed)
    failed = sorted(here.intersection(_to_repeat(StepGraph(pipeline), record, sums)))
    return Verdict(
        StepState.FAILED,
        _reason(said, step, record, sums, allowed),
        record.size - len(failed),
        child_ranges.to_text(failed),
        failed_items=sums.failed,
        memory_children=child_ranges.to_text(here.intersection(sums.memory)),
    )


def _to_repeat(graph: StepGraph, record: StepRecord, sums: Tally) -> tuple[int, ...]:
    """Return the children of a failed array that are to run again: where the failed items are tolerated, only
    those that may still do better.
    """
    limit = max_failed_now(graph, record.name, record.spec, sums.items, memory=0)
    is_tolerated = limit is not None and sums.settled <= limit
    return (*sums.silent, *(sums.memory if is_tolerated else sums.failing))


def _reason(
    said: Verdict, step: CompiledStep, record: StepRecord, sums: Tally, allowed: int | None
) -> str | None:
    """Return why an array failed whose items are sums."""
    if not sums.failing:
        is_failed = said.state is StepState.FAILED
        return said.reason if is_failed else _unproven(said, step, record, sums.silent)
    more = f", and at most {allowed:,} may" if allowed is not None else ""
    return f"{sums.failed:,} of {counted(sums.items, 'item')} failed{more}"


def _with_memory(
    judged: Verdict, step: CompiledStep, record: StepRecord, batch: Callable[[], BatchReader] | None
) -> Verdict:
    """Return a failure with the children that AWS Batch says were killed for want of memory, where they are
    to have more.
    """
    is_failed = judged.state is StepState.FAILED
    if batch is None or not is_failed or not may_have_more_memory(step, record.spec):
        return judged
    failed = judged.failed_children or child_ranges.to_text(record.indexes)
    killed = killed_for_memory(batch(), record, failed)
    known = child_ranges.from_text(judged.memory_children or "")
    return replace(judged, memory_children=child_ranges.to_text({*killed, *known}))


def _unproven(said: Verdict, step: CompiledStep, record: StepRecord, silent: Sequence[int]) -> str:
    ends = f"{said.reason or _SUCCESS}, but"
    if step.kind is not Kind.ARRAY:
        return f"{ends} the job's supervisor never said that the work was done"
    children = child_ranges.to_text(silent)
    if len(children) > _CHILDREN_CHARACTERS:
        children = f"{children[:_CHILDREN_CHARACTERS]}…"
    return (
        f"{ends} the supervisors of {len(silent)} of {record.size} children never said that the work was"
        f" done: {children}"
    )
