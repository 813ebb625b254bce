"""A child of an array: work on the items of one slice, without those that an earlier attempt finished."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from sluice import keys
from sluice.items.manifest import read_slice, slice_bounds
from sluice.run.uploads import IN_TRIGGER, items_in
from sluice.runtime.errors import ResultsMissingError, StepError, Stopped
from sluice.runtime.interface.step_types import Item
from sluice.runtime.result_parts import encode, read_results
from sluice.runtime.results import results_argument
from sluice.runtime.step_context import StepContext
from sluice.runtime.step_function import Function
from sluice.runtime.worker.report import Report, Returned, described


def work(context: StepContext, function: Function, report: Report) -> Returned:
    """Do the work of one child. Finished items are handed over one by one: when an item fails or the job is
    stopped, the next attempt continues there.
    """
    previous, results = _previous(context), results_argument(function, context)
    worked, trigger, done = 0, context.trigger, context.finished
    for number, value in _slice(context):
        if number not in done:
            item = Item(value, number=number, trigger=trigger, previous=previous(number), s3=context.s3)
            report.begins(number, described(value))
            report.finished(_result(partial(function, item, context.out, **results), number))
            worked += 1
    return Returned(text=f"{worked} items" + (f", {len(done)} of an earlier attempt" if done else ""))


def _result(work_on_item: Callable[[], Any], number: int) -> str:
    """Return the line of an item's result. Code that calls ``exit`` has failed: its item has no result."""
    try:
        return encode(number, work_on_item())
    except Stopped:
        raise
    except (Exception, SystemExit) as error:
        raise StepError(number, error) from error


def _previous(context: StepContext) -> Callable[[int], Any]:
    """Return how to find what the followed array returned for an item; of several, what each returned, by its
    name.
    """
    found = {name: _returned(context, name) for name in context.step.each}
    if len(found) == 1:
        return next(iter(found.values()))
    return lambda number: {name: of(number) for name, of in found.items()} or None


def _returned(context: StepContext, followed: str) -> Callable[[int], Any]:
    """Return how to find what an array returned for an item. Memory: what it returned for the slice."""
    if not context.assignment.pipeline.step(followed).returns:
        return lambda number: None
    prefix = keys.child_results_prefix(context.job.run, followed, context.job.child)
    results = dict(read_results(context.s3, context.settings.work_bucket, prefix))

    def previous(number: int) -> Any:
        if number not in results:
            raise ResultsMissingError(
                f"Expected what {followed} returned for item {number} below"
                f" s3://{context.settings.work_bucket}/{prefix}, found none. Was it deleted, or did it"
                " expire? Upload the input again."
            )
        return results[number]

    return previous


def _slice(context: StepContext) -> Iterator[tuple[int, dict[str, Any]]]:
    record = context.assignment.step
    if record is None or record.item_source is None:
        raise ResultsMissingError(
            f"Expected the items of {context.job.step} of {context.job.run} in the ledger, found none."
            " Deploy all stacks together."
        )
    start, stop = slice_bounds(record.item_source.items, record.children, context.job.child)
    if record.item_source.manifest is None:
        return ((number, {"index": number}) for number in range(start, stop))
    if record.item_source.manifest == IN_TRIGGER:
        return enumerate(items_in(context.assignment.trigger)[start:stop], start=start)
    return enumerate(
        read_slice(context.s3, context.settings.work_bucket, record.item_source.manifest, start, stop),
        start=start,
    )
