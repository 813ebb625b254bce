"""Results of a step checked against its items: a result that is gone is an error, and not an item less."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sluice import keys
from sluice.run import child_ranges
from sluice.run.failures.words import Words, child_of, newest_words, slice_of
from sluice.run.state import StepRecord
from sluice.runtime.errors import ResultsMissingError
from sluice.runtime.step_context import StepContext
from sluice.runtime.stored.failed_items import failed_items
from sluice.runtime.stored.missing import lost_children
from sluice.runtime.stored.result_parts import part_keys, read_parts, read_results

_MAX_KEPT = 10_000
"""Keys of results that are kept in memory between their listing and their reading, some MiB."""
_NAMED_CHILDREN = 20
_ITEMS_CHARACTERS = 200


def complete_results(context: StepContext, name: str) -> Iterator[tuple[int, Any]]:
    """Yield (item number, result) of a step, by child, each item once.

    Raises ResultsMissingError: before anything is yielded where a child has fewer objects than its word says,
    and behind the results of a child of which some are gone. A child that failed, and whose failure is
    tolerated, may lack any; another one the items that failed. Costs a listing of what the step wrote; of
    more than ``_MAX_KEPT`` objects the results are listed once more when they are read.
    """
    prefix, record = keys.results_prefix(context.job.run, name), context.record_of(name)
    lost = lost_children(context, name, record)
    s3, bucket = context.s3, context.settings.work_bucket
    if record is None or lost is None:
        yield from read_results(s3, bucket, prefix)
        return
    has_words = context.assignment.pipeline.step(name).supervised
    listed = _Listed(context, name)
    expected = _Expected(context, name, record, lost, newest_words(listed.words) if has_words else {})
    if expected.incomplete(listed.parts):
        # Of a word that came while the results were listed: what it speaks of is there now.
        expected.check_parts(part_keys(s3, bucket, prefix))
    yield from expected.checked(
        read_results(s3, bucket, prefix) if listed.kept is None else read_parts(s3, bucket, listed.kept)
    )


class _Listed:
    """What a step wrote: how many ``parts`` of results each child has, the keys of its ``words``, and those
    of its results, None where they are too many to be ``kept``.
    """

    def __init__(self, context: StepContext, name: str) -> None:
        run = context.job.run
        results, words = keys.results_prefix(run, name), keys.all_words_prefix(run, name)
        self.parts, self.words = Counter[int](), list[str]()
        self.kept: list[str] | None = []
        for key in part_keys(context.s3, context.settings.work_bucket, keys.step_prefix(run, name)):
            if key.startswith(words):
                self.words.append(key)
            elif key.startswith(results):
                self._add(key)

    def _add(self, key: str) -> None:
        self.parts[_child_of(key)] += 1
        if self.kept is not None:
            self.kept.append(key)
            self.kept = self.kept if len(self.kept) <= _MAX_KEPT else None


def _child_of(part_key: str) -> int:
    return int(part_key.split("/")[-2])


@dataclass(frozen=True, slots=True)
class _Expected:
    """The items of a step, as they are shared by its children, with the words of these; and the children that
    are lost.
    """

    context: StepContext
    name: str
    record: StepRecord
    lost: Collection[int]
    words: Words

    def check_parts(self, part_keys: Iterable[str]) -> None:
        """Raise ResultsMissingError for children of which some objects are not there."""
        if incomplete := self.incomplete(Counter(map(_child_of, part_keys))):
            self._refuse(item for child in incomplete[:_NAMED_CHILDREN] for item in self._absent(child))

    def incomplete(self, parts: Mapping[int, int]) -> list[int]:
        """Return the children of which some objects are not among these."""
        return [
            child
            for child in range(self.record.children)
            if child not in self.lost and parts.get(child, 0) < self._parts_of(child)
        ]

    def _check_passed(self, start: int, stop: int) -> None:
        """Raise ResultsMissingError for children without results, though they had some a moment ago."""
        expected = (child for child in range(start, stop) if child not in self.lost)
        gone = [child for child in expected if self._parts_of(child)]
        if gone:
            self._refuse(item for child in gone[:_NAMED_CHILDREN] for item in self._absent(child))

    def checked(self, results: Iterator[tuple[int, Any]]) -> Iterator[tuple[int, Any]]:
        """Yield the results, which come by child; raise ResultsMissingError behind an incomplete child."""
        child, seen = -1, set[int]()
        for number, result in results:
            if (now := child_of(self.record, number)) != child:
                self._check_items(child, seen)
                self._check_passed(child + 1, now)
                child, seen = now, set()
            seen.add(number)
            yield number, result
        self._check_items(child, seen)
        self._check_passed(child + 1, self.record.children)

    def _parts_of(self, child: int) -> int:
        """Return how many objects a child has at least: one, where it has not said how many."""
        word = self.words.get(child)
        if word is None or word.parts is None:
            return 1
        return word.parts

    def _check_items(self, child: int, seen: set[int]) -> None:
        if child < 0 or child in self.lost:
            return
        start, stop = slice_of(self.record, child)
        failed = self.words[child].failed if child in self.words else 0
        if len(seen) < stop - start - failed:
            self._refuse(self._without_result(child, seen))

    def _absent(self, child: int) -> list[int]:
        """Return the items of a child that have no result, and should have one."""
        prefix = keys.child_results_prefix(self.context.job.run, self.name, child)
        found = read_results(self.context.s3, self.context.settings.work_bucket, prefix)
        return self._without_result(child, {number for number, _ in found})

    def _without_result(self, child: int, seen: set[int]) -> list[int]:
        failed: set[int] = set()
        if child in self.words and self.words[child].failed:
            failed = {one.number for one in failed_items(self.context, self.name, self.words)}
        return [item for item in range(*slice_of(self.record, child)) if item not in seen | failed]

    def _refuse(self, items: Iterable[int]) -> None:
        text = child_ranges.to_text(items)
        if len(text) > _ITEMS_CHARACTERS:
            text = f"{text[:_ITEMS_CHARACTERS]}…"
        raise ResultsMissingError(
            f"Expected a result of every item of {self.name}, found none of the items {text}. Were they"
            " deleted, or did they expire? Upload the input again."
        )
