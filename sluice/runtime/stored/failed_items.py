"""The failed items of an array, as the steps downstream of it read them."""

from __future__ import annotations

from collections.abc import Iterator

from sluice import keys
from sluice.items.failed_items import FailedItem, current_parts, each_once
from sluice.run.failures.words import Words, newest_words
from sluice.runtime.step_context import StepContext
from sluice.runtime.stored.result_parts import part_keys, read_bodies


def words_of(context: StepContext, step: str) -> Words:
    """Return the word that holds of each child of a step; a listing for each thousand children."""
    prefix = keys.all_words_prefix(context.job.run, step)
    return newest_words(part_keys(context.s3, context.settings.work_bucket, prefix))


def failed_items(context: StepContext, step: str, words: Words | None = None) -> Iterator[FailedItem]:
    """Yield the items of an array that failed, in order, each once: two listings, and the objects of the
    children that have any.
    """
    known = words_of(context, step) if words is None else words
    settled = {child: (word.generation, word.failed) for child, word in known.items()}
    bucket = context.settings.work_bucket
    found = part_keys(context.s3, bucket, keys.failed_items_prefix(context.job.run, step))
    parts = read_bodies(context.s3, bucket, current_parts(found, settled))
    yield from each_once(body for _, body in parts)


def failed_numbers(context: StepContext, step: str, child: int) -> frozenset[int]:
    """Return which items of a child ever failed: one that has no result is not lost, then.

    A listing for each generation of the step, and the objects of its failed items.
    """
    record, bucket = context.record_of(step), context.settings.work_bucket
    found: set[int] = set()
    for generation in range(record.generation + 1 if record else 0):
        prefix = keys.failed_items_of_child(context.job.run, step, generation, child)
        for _, body in read_bodies(context.s3, bucket, part_keys(context.s3, bucket, prefix)):
            found.update(FailedItem.from_line(line).number for line in body.splitlines())
    return frozenset(found)
