"""A child of an array: work on the items of one slice, without those that an earlier attempt finished."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

from sluice import keys
from sluice.counted import counted
from sluice.items.manifest import read_slice, slice_bounds
from sluice.run.uploads import IN_TRIGGER, items_in
from sluice.runtime.errors import ResultsMissingError, StepError, Stopped, UpstreamFailedError
from sluice.runtime.failure_report import failure_of
from sluice.runtime.interface.step_types import Item
from sluice.runtime.results import results_argument
from sluice.runtime.step_context import StepContext
from sluice.runtime.step_function import Function
from sluice.runtime.stored.existing_objects import ExistingObjects
from sluice.runtime.stored.failed_items import failed_numbers
from sluice.runtime.stored.result_parts import encode, read_results
from sluice.runtime.tracebacks import print_traceback
from sluice.runtime.worker.report import Report, Returned, encoded


def work(context: StepContext, function: Function, report: Report) -> Returned:
    """Do the work of one child. Finished items are handed over one by one: when the job is stopped, the next
    attempt continues there. Behind an item that fails the work goes on, or ends, as the step says.
    """
    child = _Child(context, function, _previous(context), results_argument(function, context), report)
    worked = 0
    for number, value in _slice(context):
        if number not in context.finished and number not in context.failed:
            worked += child.work_on(number, value)
    done = len(context.finished)
    return Returned(text=counted(worked, "item") + (f", {done} of an earlier attempt" if done else ""))


@dataclass(frozen=True, slots=True)
class _Child:
    context: StepContext
    function: Function
    previous: Callable[[int], Any]
    results: Mapping[str, Any]
    report: Report

    def work_on(self, number: int, value: dict[str, Any]) -> bool:
        """Work on one item, and return whether it is done; raises StepError where the step ends with it."""
        self.report.begins(number, encoded(value))
        try:
            self.report.finished(_result(partial(self._call, number, value), number))
        except StepError as error:
            if not self.context.step.continues:
                raise
            if not isinstance(error.cause, UpstreamFailedError):
                print_traceback(error.cause)
            self.report.failed(failure_of(error))
            return False
        return True

    def _call(self, number: int, value: dict[str, Any]) -> Any:
        trigger, s3 = self.context.trigger, self.context.s3
        item = Item(value, number=number, trigger=trigger, previous=self.previous(number), s3=s3)
        return self.function(item, self.context.out, **self.results)


def _result(work_on_item: Callable[[], Any], number: int) -> str:
    """Return the line of an item's result. Code that calls ``exit`` has failed: its item has no result."""
    try:
        return encode(number, work_on_item())
    except (Stopped, ResultsMissingError):
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

    failed = cache(lambda: failed_numbers(context, followed, context.job.child))

    def previous(number: int) -> Any:
        if number not in results:
            if number in failed():
                raise UpstreamFailedError(followed, number)
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
    objects, bucket = ExistingObjects(context.s3), context.settings.work_bucket
    return enumerate(read_slice(objects, bucket, record.item_source.manifest, start, stop), start=start)
