"""What the words of an array's children say: how many items are done, and how many failed. Pure.

A word is the last object of a child, whose key has the counts: see docs/decisions/0022 and 0028.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sluice.items.manifest import slice_bounds
from sluice.run.state import StepRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """The word of one child in one generation.

    ``parts`` is how many objects its results were then, None in a word from before it was said; ``memory``
    how many of the failed items were killed for want of memory.
    """

    child: int
    generation: int
    done: int
    failed: int
    parts: int | None = None
    memory: int = 0

    @classmethod
    def parse(cls, key: str) -> Word:
        """Return the word with this key: ``…/<generation>/<child>-<done>-<failed>[-<parts>-<memory>].json``.

        Raises ValueError for the key of another object.
        """
        generation, name = key.removesuffix(".json").split("/")[-2:]
        child, done, failed, *more = map(int, name.split("-"))
        parts, memory = more or (None, 0)
        return cls(
            child=child,
            generation=int(generation),
            done=done,
            failed=failed,
            parts=parts,
            memory=memory or 0,
        )


Words = Mapping[int, Word]


def newest_words(keys: Iterable[str]) -> dict[int, Word]:
    """Return the word that holds of each child: that of its last generation, and of two attempts the better
    one.
    """
    found: dict[int, Word] = {}
    for word in map(Word.parse, keys):
        other = found.get(word.child)
        if other is None or _order(word) > _order(other):
            found[word.child] = word
    return found


def _order(word: Word) -> tuple[int, int, int]:
    return word.generation, -word.failed, word.done


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """The items of a whole array: ``failed`` of ``items`` are not done.

    ``silent`` are the children of the last generation that have no word of it, ``failing`` those with failed
    items, ``memory`` those with items that were killed for want of memory; by their numbers in the step.
    ``settled`` of the failed items failed by themselves, and stay so whatever these children do.
    """

    items: int
    failed: int
    settled: int = 0
    silent: tuple[int, ...] = ()
    failing: tuple[int, ...] = ()
    memory: tuple[int, ...] = ()


def tally(record: StepRecord, words: Words) -> Tally:
    """Return how many items of an array failed. Of a child that never had a word it is all: what it finished
    is skipped when it runs again, but nobody has counted it.
    """
    expected = set(record.indexes)
    silent, failing, memory, failed, settled = [], [], [], 0, 0
    for child in range(record.children):
        word = words.get(child)
        if child in expected and (word is None or word.generation != record.generation):
            silent.append(child)
        elif word is not None and word.failed:
            failing.append(child)
            settled += word.failed - word.memory
            memory += [child] if word.memory else []
        failed += _not_done(record, child, words)
    return Tally(
        items=items_of(record),
        failed=failed,
        settled=settled,
        silent=tuple(silent),
        failing=tuple(failing),
        memory=tuple(memory),
    )


def items_of(record: StepRecord) -> int:
    """Return how many items a step has; what is no array has one."""
    return record.item_source.items if record.item_source else record.children


def slice_of(record: StepRecord, child: int) -> tuple[int, int]:
    """Return the first item of a child, and the end of its slice."""
    return slice_bounds(items_of(record), record.children, child)


def child_of(record: StepRecord, item: int) -> int:
    """Return the child whose slice has an item."""
    return ((item + 1) * record.children - 1) // items_of(record)


def _not_done(record: StepRecord, child: int, words: Words) -> int:
    start, stop = slice_of(record, child)
    return words[child].failed if child in words else stop - start
