"""Lists runs of the ledger: the newest, those of a pipeline, those in a state.

The ledger has no index over all runs. The running ones are in its sparse index ``unfinished``: a Query, and
one BatchGetItem for each 100. Everything else is a Scan with a filter, whose cost is that of the whole
ledger, filter or not: 128 read units a MB.
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-query-scan.html
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

from sluice.aws.table import read_items
from sluice.ledger import records
from sluice.ledger.ledger import UNFINISHED_INDEX
from sluice.limits import MAX_BATCH_GET_KEYS
from sluice.operate.clients import RunTable
from sluice.operate.runs.scan import id_of, projection, scan
from sluice.run.state import RunState
from sluice.triggers.trigger_event import described

# Not the compiled pipeline, which is most of a run's item.
_ATTRIBUTES = ("pk", "pipeline", "state", "created_at", "ended_at", "failed_step", "trigger")


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


@dataclass(frozen=True, slots=True)
class Listing:
    """The newest runs first; ``more`` says that there are others."""

    runs: tuple[RunSummary, ...]
    more: bool


def list_runs(
    dynamodb: RunTable, table: str, *, pipeline: str | None, state: RunState | None, limit: int
) -> Listing:
    """Return the newest runs of a pipeline and in a state; None stands for any."""
    if state is RunState.RUNNING:
        found = (run for run in _running(dynamodb, table) if pipeline in (None, run.pipeline))
        newest = list(islice(found, limit + 1))
    else:
        scanned = _scanned(dynamodb, table, pipeline, state)
        newest = sorted(scanned, key=lambda run: run.created_at, reverse=True)
    return Listing(tuple(newest[:limit]), more=len(newest) > limit)


def _running(dynamodb: RunTable, table: str) -> Iterator[RunSummary]:
    """Yield the runs that have not ended, the newest first. The index follows the table within about a
    second.
    """
    pages = dynamodb.get_paginator("query").paginate(
        TableName=table,
        IndexName=UNFINISHED_INDEX,
        KeyConditionExpression="unfinished = :open",
        ExpressionAttributeValues=records.values(open=records.UNFINISHED),
        ScanIndexForward=False,
    )
    keys = ({"pk": item["pk"], "sk": item["sk"]} for page in pages for item in page["Items"])
    while group := list(islice(keys, MAX_BATCH_GET_KEYS)):
        runs = [_summary(item) for item in read_items(dynamodb, table, group, **projection(_ATTRIBUTES))]
        # A run may have ended since it was put into the index.
        running = [run for run in runs if run.state is RunState.RUNNING]
        yield from sorted(running, key=lambda run: run.created_at, reverse=True)


def _scanned(
    dynamodb: RunTable, table: str, pipeline: str | None, state: RunState | None
) -> Iterator[RunSummary]:
    filters = {name: value for name, value in (("pipeline", pipeline), ("state", state)) if value is not None}
    condition = " AND ".join(["sk = :run", *(f"#{name} = :{name}" for name in filters)])
    values = records.values(run=records.RUN, **filters)
    for item in scan(dynamodb, table, condition, values, _ATTRIBUTES, named=tuple(filters)):
        yield _summary(item)


def _summary(item: dict[str, Any]) -> RunSummary:
    return RunSummary(
        run_id=id_of(item),
        pipeline=item["pipeline"]["S"],
        state=RunState(item["state"]["S"]),
        created_at=item["created_at"]["S"],
        ended_at=_text(item, "ended_at"),
        failed_step=_text(item, "failed_step"),
        input=described(json.loads(item["trigger"]["S"])),
    )


def _text(item: dict[str, Any], name: str) -> str | None:
    return item[name]["S"] or None if name in item else None
