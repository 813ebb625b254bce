"""What an array before a step that bears failures did not do: the numbers of the items without a result."""

from __future__ import annotations

from collections.abc import Iterator

from sluice import keys
from sluice.items.manifest import slice_bounds
from sluice.run import child_ranges
from sluice.run.next_generation import NEVER_RAN
from sluice.run.state import StepRecord
from sluice.runtime.context import Context
from sluice.runtime.errors import ResultsMissingError
from sluice.runtime.result_parts import read_results


def missing(context: Context, array: str) -> list[int]:
    """Return the items of an array that have no result, in order, as they were when this step was submitted;
    none for one that succeeded.

    Costs a read of the ledger, and the results of the children that failed. Raises ResultsMissingError for an
    array whose plan found nothing to count.
    """
    failed = context.assignment.step.spec.missing.get(array) if context.assignment.step else None
    if failed is None:
        return []
    record = context.record_of(array)
    if failed == NEVER_RAN or record is None:
        return list(range(_items(context, array)))
    return [
        number for child in child_ranges.from_text(failed) for number in _unfinished(context, record, child)
    ]


def _unfinished(context: Context, record: StepRecord, child: int) -> Iterator[int]:
    """Yield what a failed child had not finished when it failed; what a command has done nobody knows."""
    items = record.item_source.items if record.item_source else record.children
    start, stop = slice_bounds(items, record.children, child)
    prefix = keys.child_results_prefix(context.place.run, record.name, child)
    found = read_results(context.s3, context.settings.work_bucket, prefix)
    done = {number for number, _ in found} if context.assignment.pipeline.step(record.name).returns else set()
    return (number for number in range(start, stop) if number not in done)


def _items(context: Context, array: str) -> int:
    """Return how many items an array would have had that never ran."""
    step = context.assignment.pipeline.step(array)
    plan = context.record_of(step.items_of) if step.items_of else None
    items = step.size if step.size is not None else plan.items if plan else None
    if items is None:
        raise ResultsMissingError(
            f"Expected how many items {array} has, found that it never ran, because its plan found none."
        )
    return items
