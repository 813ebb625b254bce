"""Scans the ledger for items of runs; a Scan costs what reading the whole ledger costs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sluice.ledger import records
from sluice.operate.clients import RunTable


def scan(
    dynamodb: RunTable,
    table: str,
    condition: str,
    values: Mapping[str, Any],
    attributes: tuple[str, ...],
    *,
    named: tuple[str, ...] = (),
) -> Iterator[dict[str, Any]]:
    """Yield these attributes of the items that meet a condition; ``named`` are attributes that the condition
    names with a number sign.
    """
    request = projection(attributes)
    request["ExpressionAttributeNames"] |= records.names(*named)
    pages = dynamodb.get_paginator("scan").paginate(
        TableName=table, FilterExpression=condition, ExpressionAttributeValues=values, **request
    )
    return (item for page in pages for item in page["Items"])


def projection(attributes: tuple[str, ...]) -> dict[str, Any]:
    """Return the part of a request that asks for these attributes alone."""
    return {
        "ProjectionExpression": ", ".join(f"#{name}" for name in attributes),
        "ExpressionAttributeNames": records.names(*attributes),
    }


def id_of(item: Mapping[str, Any]) -> str:
    """Return the id of the run that an item belongs to."""
    return str(item["pk"]["S"]).removeprefix(records.RUN_PREFIX)
