"""Which items of a few children failed, and why: a child that failed has most often done the others."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sluice import keys
from sluice.items.failed_items import current_parts, each_once
from sluice.operate.clients import ObjectReader, keys_below
from sluice.run.failures.words import Word, newest_words
from sluice.run.state import StepRecord

MAX_CHILDREN = 16
"""The items of so many children are told apart at a time: two listings each, and the failed items."""


@dataclass(frozen=True, slots=True)
class FailedItemReader:
    """Reads what children of a run said, and their failed items; ``bucket`` is the work bucket."""

    s3: ObjectReader
    bucket: str
    run_id: str

    def failed(self, record: StepRecord, children: Iterable[int]) -> dict[int, Mapping[int, str]]:
        """Return why items failed, by child and item; without the children that left no word, of which nobody
        knows what they have done.
        """
        ran_last = frozenset(record.indexes) if record.failed else frozenset[int]()
        first = {child: record.generation if child in ran_last else 0 for child in children}
        words = ((child, self._word(record, child, since)) for child, since in first.items())
        return {child: self._reasons(record.name, word) for child, word in words if word is not None}

    def _word(self, record: StepRecord, child: int, since: int) -> Word | None:
        """Return what a child said last; a generation that did not run it has no word of it."""
        for generation in range(record.generation, since - 1, -1):
            found = keys_below(
                self.s3, self.bucket, keys.child_words_prefix(self.run_id, record.name, generation, child)
            )
            word = newest_words(found).get(child)
            if word is not None:
                return word
        return None

    def _reasons(self, step: str, word: Word) -> dict[int, str]:
        if not word.failed:
            return {}
        prefix = keys.failed_items_of_child(self.run_id, step, word.generation, word.child)
        parts = current_parts(
            keys_below(self.s3, self.bucket, prefix), {word.child: (word.generation, word.failed)}
        )
        bodies = (self.s3.get_object(Bucket=self.bucket, Key=key)["Body"].read() for key in parts)
        return {one.number: f"{one.error}: {one.message}" for one in each_once(bodies)}
