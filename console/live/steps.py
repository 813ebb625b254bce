"""Reads the children and the items of a step, and whose they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from botocore.exceptions import ClientError

from console import contract
from console.live.cache import Cache
from console.live.cloud import Cloud
from console.live.runs import kept
from console.live.shown import as_text, shown
from sluice.items.manifest import read_slice
from sluice.operate.errors import RequestError
from sluice.operate.watching.cells import DONE, FAILED, UNKNOWN, CellReader, Cells
from sluice.operate.watching.items import MAX_CHILDREN, FailedItemReader
from sluice.operate.watching.snapshot import Snapshot
from sluice.run.failures.words import child_of, items_of
from sluice.run.state import ItemSource, StepRecord
from sluice.run.uploads import IN_TRIGGER, items_in

Reasons = Mapping[int, Mapping[int, str]]
"""Why items failed, by child and item."""
_RUNNING_SECONDS, _ENDED_SECONDS = 2.0, 60.0
"""What has ended does not change while nobody retries it."""


@dataclass(frozen=True, slots=True)
class StepReader:
    """Reads parts of the steps of a run as it was read."""

    cloud: Cloud
    cache: Cache

    def children(
        self, snapshot: Snapshot, step: str, start: int, count: int, generation: int | None
    ) -> contract.Cells:
        """Return children of a step, of its last generation."""
        record = snapshot.record(step)
        if generation is not None and generation != (record.generation if record else 0):
            raise RequestError("Expected the last generation of a step: the timeline has the earlier ones.")
        cells = self._cells(snapshot, step, start, count)
        items = record.item_source.items if record is not None and record.item_source else None
        within = range(cells.start, cells.start + len(cells.states))
        counted = bool(cells.items)
        return contract.Cells(
            step=step,
            generation=cells.generation,
            total=cells.total,
            items=items,
            start=cells.start,
            count=len(cells.states),
            states=cells.states,
            attempts=cells.attempts,
            seconds=cells.seconds,
            done_items=tuple(cells.items.get(one, (None, None))[0] for one in within) if counted else None,
            failed_items=tuple(cells.items.get(one, (None, None))[1] for one in within) if counted else None,
            exact=cells.attempts is not None,
        )

    def _cells(self, snapshot: Snapshot, step: str, start: int, count: int) -> Cells:
        reader = CellReader(self.cloud.client("batch"), self.cloud.client("s3"), self.cloud.deployment.work)
        what = ("cells", step, start, count)
        seconds = _ENDED_SECONDS if snapshot.view.ended else _RUNNING_SECONDS
        return kept(self.cache, what, snapshot, seconds, lambda: reader.read(snapshot, step, start, count))

    def items(self, snapshot: Snapshot, step: str, start: int, count: int) -> contract.Items:
        """Return items of a step with the children that work on them: two ranged reads of the manifest."""
        record = snapshot.record(step)
        source = record.item_source if record is not None else None
        if record is None or source is None:
            raise RequestError(f"Expected a step with items, found {step!r}, which has none (yet).")
        stop = min(start + count, source.items)
        start = min(start, stop)
        values = self._values(snapshot, source, start, stop)
        child = partial(child_of, record)
        first, last = child(start), child(max(start, stop - 1))
        cells = self._cells(snapshot, step, first, last - first + 1)
        reasons = self._reasons(snapshot, record, cells)
        texts = [""] * (stop - start) if values is None else [as_text(value) for value in values]
        found = tuple(
            _item(number, text, child(number), cells, reasons) for number, text in enumerate(texts, start)
        )
        return contract.Items(
            step=step, total=source.items, start=start, items=found, is_removed=values is None
        )

    def _reasons(self, snapshot: Snapshot, record: StepRecord, cells: Cells) -> Reasons:
        """Return why items failed, by child and item, of the first children here of which some may have."""
        if items_of(record) == record.children:
            return {}
        may_have = FAILED if not record.failed_items else FAILED + DONE
        children = [cells.start + at for at, letter in enumerate(cells.states) if letter in may_have]
        s3, bucket, run_id = self.cloud.client("s3"), self.cloud.deployment.work, snapshot.run.run_id
        reader = FailedItemReader(s3, bucket, run_id)
        what = ("failed-items", record.name, *children[:MAX_CHILDREN])
        return kept(
            self.cache,
            what,
            snapshot,
            _ENDED_SECONDS,
            lambda: reader.failed(record, children[:MAX_CHILDREN]),
        )

    def _values(
        self, snapshot: Snapshot, source: ItemSource, start: int, stop: int
    ) -> Sequence[object] | None:
        """Return the items; None when the run's cleanup has removed the list of them."""
        if source.manifest is None:
            return [{"index": number} for number in range(start, stop)]
        if source.manifest == IN_TRIGGER:
            return items_in(snapshot.run.trigger)[start:stop]
        s3, bucket = self.cloud.client("s3"), self.cloud.deployment.work
        try:
            return list(read_slice(s3, bucket, source.manifest, start, stop))
        except ClientError as error:
            if error.response["Error"]["Code"] != "NoSuchKey":
                raise
            return None


def _item(number: int, text: str, child: int, cells: Cells, reasons: Reasons) -> contract.Item:
    """Return an item: as its child is, unless it is known which items of that failed."""
    state, reason = cells.states[child - cells.start] if cells.states else UNKNOWN, None
    if child in reasons:
        reason = reasons[child].get(number)
        state = DONE if reason is None else FAILED
    return contract.Item(item=number, child=child, state=state, text=text, reason=shown(reason))
