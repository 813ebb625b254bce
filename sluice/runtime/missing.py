"""The items without a result of an array whose failures a step tolerates."""

from __future__ import annotations

from collections.abc import Iterator

from sluice import keys
from sluice.items.manifest import slice_bounds
from sluice.run import child_ranges
from sluice.run.next_generation import NEVER_RAN
from sluice.run.state import StepRecord
from sluice.runtime.errors import ResultsMissingError
from sluice.runtime.result_parts import read_results
from sluice.runtime.step_context import StepContext


def missing(context: StepContext, array: str) -> list[int]:
    """Return the items of an array that have no result, in order, as they were when this step was submitted;
    none for one that succeeded.

    Costs a read of the ledger, and the results of the children that failed. Raises ResultsMissingError for an
    array whose plan found nothing to count.
    """
    record = context.record_of(array)
    lost = lost_children(context, array, record)
    if lost is None or (record is None and lost):
        return list(range(_items(context, array)))
    return [number for child in lost for number in _unfinished(context, record, child)] if record else []


def lost_children(context: StepContext, array: str, record: StepRecord | None) -> tuple[int, ...] | None:
    """Return the children of a step that failed for good, and whose failure is tolerated, in order; None
    where it never ran, or which failed is not known.

    Those that were known when this step was submitted; and where something upstream tolerated them, those
    that the ledger knows.
    """
    told = context.assignment.step.spec.missing.get(array) if context.assignment.step else None
    if told is not None:
        return None if told == NEVER_RAN else child_ranges.from_text(told)
    return record.failed_indexes if record is not None and record.failed else ()


def _unfinished(context: StepContext, record: StepRecord, child: int) -> Iterator[int]:
    """Yield what a failed child had not finished when it failed. What a command has finished is unknown, so
    all its items are missing.
    """
    items = record.item_source.items if record.item_source else record.children
    start, stop = slice_bounds(items, record.children, child)
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
