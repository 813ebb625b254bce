"""The failed items of an array, as the steps downstream of it read them."""

from __future__ import annotations

from collections.abc import Iterator

from sluice import keys
from sluice.items.failed_items import FailedItem, current_parts, each_once
from sluice.run.failures.words import Word, Words, newest_words
from sluice.run.state import StepRecord
from sluice.runtime.step_context import StepContext
from sluice.runtime.stored.result_parts import part_keys, read_bodies, read_results


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
    parts = current_parts(found, settled)
    record = context.record_of(step) if parts else None
    child, finished = -1, frozenset[int]()
    for one in each_once(body for _, body in read_bodies(context.s3, bucket, parts)):
        if one.child != child:
            child, finished = one.child, _finished_since(context, record, known.get(one.child), one.child)
        if one.number not in finished:
            yield one


def _finished_since(
    context: StepContext, record: StepRecord | None, word: Word | None, child: int
) -> frozenset[int]:
    """Return the items of a child that have results, where its failed items may be those of before: a later
    attempt or generation of a child that failed has stored results, and left neither a word nor failed items.
    """
    is_last = word is not None and record is not None and word.generation == record.generation
    if record is None or not record.failed or is_last:
        return frozenset()
    prefix = keys.child_results_prefix(context.job.run, record.name, child)
    return frozenset(number for number, _ in read_results(context.s3, context.settings.work_bucket, prefix))


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
