"""Reads what a listing says of runs: by their ids, or by a Scan of the whole ledger."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

from sluice.aws.table import read_items
from sluice.ledger import listed, records
from sluice.limits import MAX_BATCH_GET_KEYS
from sluice.operate.clients import RunTable
from sluice.operate.listing.scan import id_of, projection, scan
from sluice.run.state import RunState
from sluice.triggers.trigger_event import described

# Not the compiled pipeline, which is most of a run's item.
_ATTRIBUTES = ("pk", "sk", "pipeline", "state", "created_at", "ended_at", "failed_step", "trigger", "labels")


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSummary:
    """What a listing says of a run; times in ISO 8601, UTC."""

    run_id: str
    pipeline: str
    state: RunState
    created_at: str
    ended_at: str | None
    failed_step: str | None
    input: str
    labels: tuple[str, ...] = ()


def read_summaries(dynamodb: RunTable, table: str, run_ids: Iterable[str], page: int) -> Iterator[RunSummary]:
    """Yield the runs of these ids in their order, those that there are; ``page`` are read at a time."""
    ids = iter(run_ids)
    while some := list(islice(ids, min(page, MAX_BATCH_GET_KEYS // 2))):
        keys = [key for one in some for key in (records.run_key(one), listed.labels_key(one))]
        found = list(read_items(dynamodb, table, keys, **projection(_ATTRIBUTES)))
        by_id = {run.run_id: run for run in _summaries(found)}
        yield from (by_id[one] for one in some if one in by_id)


def scan_summaries(dynamodb: RunTable, table: str) -> Iterator[RunSummary]:
    """Yield all runs, in no order, at the cost of reading the whole ledger."""
    condition = "sk = :run OR sk = :labels"
    values = records.values(run=records.RUN, labels=records.LABELS)
    yield from _summaries(list(scan(dynamodb, table, condition, values, _ATTRIBUTES)))


def _summaries(items: list[dict[str, Any]]) -> Iterator[RunSummary]:
    labels = {id_of(item): listed.labels_in(item) for item in items if item["sk"]["S"] == records.LABELS}
    for item in items:
        if item["sk"]["S"] == records.RUN:
            yield _summary(item, labels.get(id_of(item), ()))


def _summary(item: dict[str, Any], labels: tuple[str, ...]) -> RunSummary:
    return RunSummary(
        run_id=id_of(item),
        pipeline=item["pipeline"]["S"],
        state=RunState(item["state"]["S"]),
        created_at=item["created_at"]["S"],
        ended_at=_text(item, "ended_at"),
        failed_step=_text(item, "failed_step"),
        input=described(json.loads(item["trigger"]["S"])),
        labels=labels,
    )


def _text(item: dict[str, Any], name: str) -> str | None:
    return item[name]["S"] or None if name in item else None
