"""Groups the failures of a run's steps by their reasons, with the first items of each."""

from __future__ import annotations

from collections.abc import Iterator

from console import contract
from console.live.shown import shown
from sluice.operate.clients import ObjectReader
from sluice.operate.runs.failures import FailureGroup, FailureReader, Failures
from sluice.operate.watching.snapshot import Snapshot
from sluice.run.state import StepRecord
from sluice.visible import visible


def failures_of(s3: ObjectReader, work_bucket: str, snapshot: Snapshot) -> contract.Failures:
    """Return why items and jobs of a run failed, the most frequent reason first."""
    reader = FailureReader(s3, work_bucket, snapshot.run)
    read = [(record, reader.grouped(record)) for record in _failed_records(snapshot)]
    groups = [group for record, found in read for group in _groups(record, found)]
    more = any(found.more for _, found in read)
    return contract.Failures(groups=tuple(sorted(groups, key=lambda one: -one.count)), more=more)


def _failed_records(snapshot: Snapshot) -> Iterator[StepRecord]:
    for step in snapshot.view.steps:
        record = snapshot.record(step.name)
        if record is not None and (step.failed or step.state == "FAILED"):
            yield record


def _groups(record: StepRecord, found: Failures) -> Iterator[contract.FailureGroup]:
    """Yield the groups of a step; where no report is left, what the ledger says."""
    for group in found.groups:
        yield _group(record, shown(group.reason) or "", group.count, _items(group))
    if not found.groups and record.reason:
        yield _group(record, shown(record.reason) or "", record.failed_items or 1, ())


def _group(
    record: StepRecord, reason: str, count: int, items: tuple[contract.FailedItem, ...]
) -> contract.FailureGroup:
    return contract.FailureGroup(
        step=record.name, generation=record.generation, reason=reason, count=count, items=items
    )


def _items(group: FailureGroup) -> tuple[contract.FailedItem, ...]:
    """Return the first items of a group, or its first children where they failed outside of any."""
    if not group.items:
        return tuple(
            contract.FailedItem(child=child, item=None, text=f"child {child}") for child in group.children
        )
    return tuple(
        contract.FailedItem(child=child, item=number, text=visible(text) or f"item {number}")
        for child, (number, text) in zip(group.children, group.items, strict=False)
    )
