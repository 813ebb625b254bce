"""The items without a result of an array whose failures a step tolerates."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from sluice import keys
from sluice.run import child_ranges
from sluice.run.failures.words import slice_of
from sluice.run.next_generation import NEVER_RAN
from sluice.run.state import StepRecord, StepState
from sluice.run.step_graph import StepGraph
from sluice.runtime.errors import ResultsMissingError
from sluice.runtime.step_context import StepContext
from sluice.runtime.stored.failed_items import words_of
from sluice.runtime.stored.result_parts import read_results


def missing(context: StepContext, array: str) -> list[int]:
    """Return the items of an array that have no result, in order; none for one that succeeded with all.

    Costs a read of the ledger, a listing, and the results of the children that failed, that have failed
    items or that ended early. Raises ResultsMissingError for an array whose plan found nothing to count.
    """
    record = context.record_of(array)
    lost = lost_children(context, array, record)
    if lost is None or (record is None and lost):
        return list(range(_items(context, array)))
    if record is None:
        return []
    children = sorted({*lost, *_incomplete(context, record, lost)})
    return [number for child in children for number in _unfinished(context, record, child)]


def _incomplete(context: StepContext, record: StepRecord, lost: Collection[int]) -> Iterator[int]:
    """Yield the children whose word says that items failed; none where there are no words.

    Raises ResultsMissingError for a word that is gone: all children but the lost ones had written theirs when
    AWS Batch began this job.
    """
    step = context.assignment.pipeline.step(record.name)
    if not step.supervised or record.state is StepState.EMPTY:
        return
    words = words_of(context, record.name)
    for child in range(record.children):
        if child not in words and child not in lost:
            raise ResultsMissingError(
                f"Expected what child {child} of {record.name} said of its items, found that it is gone. Was"
                " it deleted, or did it expire? Upload the input again."
            )
        if child in words and words[child].failed:
            yield child


def lost_children(context: StepContext, array: str, record: StepRecord | None) -> tuple[int, ...] | None:
    """Return the children of a step that failed for good, and whose failure is tolerated, in order; None
    where it never ran, or which failed is not known.

    Those that were known when this step was submitted; and where something upstream tolerated them, those
    that the ledger knows. Of a step without whose success this one does not run there are none, whatever the
    ledger has learned since AWS Batch began this job.
    """
    told = context.assignment.step.spec.missing.get(array) if context.assignment.step else None
    if told is not None:
        return None if told == NEVER_RAN else child_ranges.from_text(told)
    if array in StepGraph(context.assignment.pipeline).upstream(context.step.name):
        return ()
    return record.failed_indexes if record is not None and record.failed else ()


def _unfinished(context: StepContext, record: StepRecord, child: int) -> Iterator[int]:
    """Yield what a failed child had not finished when it failed. What a command has finished is unknown, so
    all its items are missing.
    """
    start, stop = slice_of(record, child)
    prefix = keys.child_results_prefix(context.job.run, record.name, child)
    found = read_results(context.s3, context.settings.work_bucket, prefix)
    done = {number for number, _ in found} if context.assignment.pipeline.step(record.name).returns else set()
    return (number for number in range(start, stop) if number not in done)


def _items(context: StepContext, array: str) -> int:
    """Return how many items an array would have had that never ran."""
    step = context.assignment.pipeline.step(array)
    plan = context.record_of(step.items_of) if step.items_of else None
    items = step.size if step.size is not None else plan.items if plan else None
    if items is None:
        raise ResultsMissingError(
            f"Expected how many items {array} has, found that it never ran, because its plan found none."
        )
    return items
