"""Results of a step checked against its items: a result that is gone is an error, and not an item less."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

from sluice import keys
from sluice.items.manifest import slice_bounds
from sluice.run import child_ranges
from sluice.run.state import StepRecord
from sluice.runtime.errors import ResultsMissingError
from sluice.runtime.missing import lost_children
from sluice.runtime.result_parts import part_keys, read_results
from sluice.runtime.step_context import StepContext

_NAMED_CHILDREN = 20
_ITEMS_CHARACTERS = 200


def complete_results(context: StepContext, name: str) -> Iterator[tuple[int, Any]]:
    """Yield (item number, result) of a step, by child, each item once.

    Raises ResultsMissingError: before anything is yielded where a child has no object at all, and behind the
    results of a child of which some are gone. A child that failed, and whose failure is tolerated, may lack
    any. Costs a read of the ledger, and one more listing.
    """
    prefix, record = keys.results_prefix(context.job.run, name), context.record_of(name)
    lost = lost_children(context, name, record)
    found = read_results(context.s3, context.settings.work_bucket, prefix)
    if record is None or lost is None:
        yield from found
        return
    expected = _Expected(name, record, lost)
    expected.check_children(part_keys(context.s3, context.settings.work_bucket, prefix))
    yield from expected.checked(found)


@dataclass(frozen=True, slots=True)
class _Expected:
    """The items of a step, as they are shared by its children, and the children that are lost."""

    name: str
    record: StepRecord
    lost: Collection[int]

    @property
    def items(self) -> int:
        """Return how many items the step has; nodes share one."""
        return self.record.item_source.items if self.record.item_source else self.record.children

    def check_children(self, part_keys: Iterator[str]) -> None:
        """Raise ResultsMissingError for children of which no object is there."""
        present = {int(key.split("/")[-2]) for key in part_keys} | set(self.lost)
        absent = [child for child in range(self.record.children) if child not in present]
        if absent:
            named = absent[:_NAMED_CHILDREN]
            self._refuse([item for child in named for item in range(*self._slice(child))])

    def checked(self, results: Iterator[tuple[int, Any]]) -> Iterator[tuple[int, Any]]:
        """Yield the results, which come by child; raise ResultsMissingError behind an incomplete child."""
        child, seen = -1, set[int]()
        for number, result in results:
            if (now := self._child_of(number)) != child:
                self._check_items(child, seen)
                child, seen = now, set()
            seen.add(number)
            yield number, result
        self._check_items(child, seen)

    def _check_items(self, child: int, seen: Collection[int]) -> None:
        if child < 0 or child in self.lost:
            return
        start, stop = self._slice(child)
        if len(seen) < stop - start:
            self._refuse([item for item in range(start, stop) if item not in seen])

    def _slice(self, child: int) -> tuple[int, int]:
        return slice_bounds(self.items, self.record.children, child)

    def _child_of(self, item: int) -> int:
        return ((item + 1) * self.record.children - 1) // self.items

    def _refuse(self, items: list[int]) -> None:
        text = child_ranges.to_text(items)
        if len(text) > _ITEMS_CHARACTERS:
            text = f"{text[:_ITEMS_CHARACTERS]}…"
        raise ResultsMissingError(
            f"Expected a result of every item of {self.name}, found none of the items {text}. Were they"
            " deleted, or did they expire? Upload the input again."
        )
