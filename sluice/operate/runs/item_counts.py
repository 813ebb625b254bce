"""Counts the items of a run's arrays: how many are done, how many failed, and how many there are."""

from __future__ import annotations

from dataclasses import dataclass

from sluice import keys
from sluice.operate.clients import ObjectReader, keys_below
from sluice.run import child_ranges
from sluice.run.compiled import CompiledStep, Kind
from sluice.run.failures.words import items_of, newest_words
from sluice.run.state import Run, StepState


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemCounts:
    """The items of an array; what is neither done nor failed is left, or under way."""

    items: int
    done: int
    failed: int


def item_counts(s3: ObjectReader, bucket: str, run: Run) -> dict[str, ItemCounts]:
    """Return the counts of each array that has a record; of one without an end a listing for each thousand
    children.
    """
    arrays = [step for step in run.pipeline.steps if step.kind is Kind.ARRAY and step.name in run.steps]
    return {step.name: _counts(s3, bucket, run, step) for step in arrays}


def _counts(s3: ObjectReader, bucket: str, run: Run, step: CompiledStep) -> ItemCounts:
    record = run.steps[step.name]
    items = items_of(record)
    if record.state in (StepState.SUCCEEDED, StepState.EMPTY):
        # The cleanup has removed the words.
        failed = record.failed_items or 0
        return ItemCounts(items=items, done=items - failed, failed=failed)
    words = newest_words(keys_below(s3, bucket, keys.all_words_prefix(run.run_id, record.name)))
    done = sum(word.done for word in words.values())
    # A child that ends at its first failed item says no word: that item has failed, the rest was not tried.
    silent = {*child_ranges.from_text(record.failed_children or "")} - {*words}
    ended = 0 if step.continues else len(silent)
    return ItemCounts(items=items, done=done, failed=sum(word.failed for word in words.values()) + ended)
