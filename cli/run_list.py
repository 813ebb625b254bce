"""Finds runs in the ledger: the newest, those of a pipeline, those in a state; and a run by the beginning of
its id.

The ledger has no index over all runs. Those that run are in its sparse index ``unfinished``: a Query, and one
BatchGetItem for each 100. Everything else is a Scan with a filter, whose cost is that of the whole ledger,
filter or not: 128 read units a MB.
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-query-scan.html
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

from cli.failures import CommandError, UsageError
from sluice.ledger import records as items
from sluice.ledger.ledger import UNFINISHED_INDEX
from sluice.run.state import RunState
from sluice.triggers.trigger_event import described

# https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html
_GET_AT_ONCE = 100
_SHOWN = 5
_DIGEST_CHARACTERS = 20
# Not the compiled pipeline, which is most of a run's item.
_WANTED = ("pk", "pipeline", "state", "created_at", "ended_at", "failed_step", "trigger")


@dataclass(frozen=True, slots=True, kw_only=True)
class RunLine:
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

    runs: tuple[RunLine, ...]
    more: bool


def list_runs(
    dynamodb: Any, table: str, *, pipeline: str | None, state: RunState | None, limit: int
) -> Listing:
    """Return the newest runs of a pipeline and in a state; None stands for any."""
    if state is RunState.RUNNING:
        found = (run for run in _running(dynamodb, table) if pipeline in (None, run.pipeline))
        newest = list(islice(found, limit + 1))
    else:
        newest = sorted(
            _scanned(dynamodb, table, pipeline, state), key=lambda run: run.created_at, reverse=True
        )
    return Listing(tuple(newest[:limit]), more=len(newest) > limit)


def run_of(dynamodb: Any, table: str, given: str) -> str:
    """Return the id of the one run whose id, or the 20 characters at its end, begin so: a GetItem for a whole
    id, a Scan for a part.

    Raises CommandError when there is none, UsageError when there are several.
    """
    if not given:
        raise UsageError(
            "Expected the id of a run or its beginning, found an empty word. `sluice runs` lists them."
        )
    if "Item" in dynamodb.get_item(
        TableName=table, Key=items.run_key(given), ProjectionExpression="pk", ConsistentRead=True
    ):
        return given
    found = sorted(_beginning_with(dynamodb, table, given))
    if not found:
        raise CommandError(
            f"Expected the id of a run or its beginning, found {given!r}, which is no run's. `sluice runs`"
            " lists them."
        )
    if len(found) > 1:
        some = ", ".join(found[:_SHOWN]) + (", …" if len(found) > _SHOWN else "")
        raise UsageError(
            f"Expected the beginning of one run's id, found {given!r}, which {len(found)} runs have: {some}."
            " Give more of it."
        )
    return found[0]


def _beginning_with(dynamodb: Any, table: str, given: str) -> Iterator[str]:
    condition = "sk = :run AND (begins_with(pk, :start) OR contains(pk, :within))"
    values = items.values(run=items.RUN, start=items.pk(given), within=f"-{given}")
    for item in _scan(dynamodb, table, condition, values, {}, ("pk",)):
        run_id = _id(item)
        if run_id.startswith(given) or run_id[-_DIGEST_CHARACTERS:].startswith(given):
            yield run_id


def _running(dynamodb: Any, table: str) -> Iterator[RunLine]:
    """Yield the runs that have not ended, the newest first. The index follows the table within a second or
    so.
    """
    pages = dynamodb.get_paginator("query").paginate(
        TableName=table,
        IndexName=UNFINISHED_INDEX,
        KeyConditionExpression="unfinished = :open",
        ExpressionAttributeValues=items.values(open=items.UNFINISHED),
        ScanIndexForward=False,
    )
    keys = ({"pk": item["pk"], "sk": item["sk"]} for page in pages for item in page["Items"])
    while group := list(islice(keys, _GET_AT_ONCE)):
        lines = [_line(item) for item in _get(dynamodb, table, group)]
        # It may have ended since it was put into the index.
        running = [line for line in lines if line.state is RunState.RUNNING]
        yield from sorted(running, key=lambda line: line.created_at, reverse=True)


def _get(dynamodb: Any, table: str, keys: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    asked = {"Keys": keys, "ConsistentRead": True, **_projected(_WANTED)}
    wanted: dict[str, Any] = {table: asked}
    while wanted:
        answer = dynamodb.batch_get_item(RequestItems=wanted)
        yield from answer["Responses"].get(table, [])
        wanted = answer.get("UnprocessedKeys") or {}


def _scanned(dynamodb: Any, table: str, pipeline: str | None, state: RunState | None) -> Iterator[RunLine]:
    asked = {name: value for name, value in (("pipeline", pipeline), ("state", state)) if value is not None}
    condition = " AND ".join(["sk = :run", *(f"#{name} = :{name}" for name in asked)])
    for item in _scan(
        dynamodb, table, condition, items.values(run=items.RUN, **asked), items.names(*asked), _WANTED
    ):
        yield _line(item)


def _scan(
    dynamodb: Any,
    table: str,
    condition: str,
    values: dict[str, Any],
    names: dict[str, str],
    wanted: tuple[str, ...],
) -> Iterator[dict[str, Any]]:
    projected = _projected(wanted)
    projected["ExpressionAttributeNames"] |= names
    pages = dynamodb.get_paginator("scan").paginate(
        TableName=table, FilterExpression=condition, ExpressionAttributeValues=values, **projected
    )
    return (item for page in pages for item in page["Items"])


def _projected(names: tuple[str, ...]) -> dict[str, Any]:
    return {
        "ProjectionExpression": ", ".join(f"#{name}" for name in names),
        "ExpressionAttributeNames": items.names(*names),
    }


def _line(item: dict[str, Any]) -> RunLine:
    return RunLine(
        run_id=_id(item),
        pipeline=item["pipeline"]["S"],
        state=RunState(item["state"]["S"]),
        created_at=item["created_at"]["S"],
        ended_at=_text(item, "ended_at"),
        failed_step=_text(item, "failed_step"),
        input=described(json.loads(item["trigger"]["S"])),
    )


def _id(item: dict[str, Any]) -> str:
    return str(item["pk"]["S"]).removeprefix(items.RUN_PREFIX)


def _text(item: dict[str, Any], name: str) -> str | None:
    return item[name]["S"] or None if name in item else None
