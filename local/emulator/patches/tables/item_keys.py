"""Mended: which items and attributes a request to DynamoDB names, for the policies that ask for them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ministack.core import iam_actions
from ministack.services import (
    dynamodb,
)

Request = Mapping[str, Any]
PartitionKey = Callable[[str, str | None], str | None]

_EXPRESSIONS = (
    "ProjectionExpression",
    "KeyConditionExpression",
    "FilterExpression",
    "UpdateExpression",
    "ConditionExpression",
)
# A name, or a placeholder for one: neither a value's (:v), nor below another name (a.b), nor a function.
_NAME = re.compile(r"(?<![:.\w#])(#?[A-Za-z_]\w*)(?!\w*\s*\()")
_KEYWORDS = frozenset({"set", "remove", "add", "delete", "and", "or", "not", "between", "in"})
_EQUALS = re.compile(r"(#?\w+)\s*=\s*(:\w+)")


def name_items() -> None:
    """Let policies ask for the partitions and attributes that a request to DynamoDB names; ministack knows
    the attributes of a projection only.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/specifying-conditions.html
    """
    context = iam_actions.dynamodb_service_context

    def with_items(body: bytes) -> dict[str, Any]:
        return {**context(body), **item_keys(body, _partition_key)}

    iam_actions.dynamodb_service_context = with_items


def item_keys(body: bytes, partition_key: PartitionKey) -> dict[str, list[str]]:
    """Return ``dynamodb:LeadingKeys`` and ``dynamodb:Attributes`` of a request, each only where it names
    some; ``partition_key`` is the name of a table's, or of an index's.
    """
    try:
        request = json.loads(body or b"{}")
        parts = list(_parts(request)) if isinstance(request, dict) else []
        leading = {value for table, part in parts for value in _leading(part, table, partition_key)}
        attributes = {name for _, part in parts for name in _attributes(part)}
    except (ValueError, AttributeError, TypeError):
        return {}  # the service says what is wrong with it
    found = {"dynamodb:LeadingKeys": sorted(leading), "dynamodb:Attributes": sorted(attributes)}
    return {key: values for key, values in found.items() if values}


def _parts(request: Request) -> Iterator[tuple[str, Request]]:
    """Yield what a request asks of each table: one part, or one for each item of a batch or transaction."""
    for item in request.get("TransactItems", ()):
        yield from ((part["TableName"], part) for part in item.values())
    for table, asked in request.get("RequestItems", {}).items():
        yield from ((table, part) for part in _batch(asked))
    if "TableName" in request:
        yield str(request["TableName"]), request


def _batch(asked: Any) -> Iterator[Request]:
    """Yield what a batch asks of one table: writes in a list, or reads with an expression for all."""
    if isinstance(asked, list):
        yield from (write for one in asked for write in one.values())
        return
    yield from ({**asked, "Key": key} for key in asked["Keys"])


def _leading(part: Request, table: str, partition_key: PartitionKey) -> Iterator[str]:
    name = partition_key(table, part.get("IndexName")) or ""
    item = _item(part)
    if name in item:
        yield _text(item[name])
    names, values = part.get("ExpressionAttributeNames", {}), part.get("ExpressionAttributeValues", {})
    for attribute, value in _EQUALS.findall(part.get("KeyConditionExpression", "")):
        if names.get(attribute, attribute) == name:
            yield _text(values[value])
    for value in part.get("KeyConditions", {}).get(name, {}).get("AttributeValueList", ()):
        yield _text(value)


def _item(part: Request) -> Mapping[str, Any]:
    found: Mapping[str, Any] = part.get("Key") or part.get("Item") or {}
    return found


def _attributes(part: Request) -> Iterator[str]:
    names = part.get("ExpressionAttributeNames") or {}
    yield from _item(part)
    yield from part.get("AttributesToGet") or []
    for expression in (part.get(one) or "" for one in _EXPRESSIONS):
        for name in _NAME.findall(expression):
            if name.lower() not in _KEYWORDS:
                yield names.get(name, name)


def _text(value: Mapping[str, object]) -> str:
    return str(next(iter(value.values())))


def _partition_key(table: str, index: str | None) -> str | None:
    found = dynamodb._tables.get(table.rpartition("/")[2], {})
    schema = _index(found, index) if index else found
    keys = [one["AttributeName"] for one in schema.get("KeySchema", ()) if one["KeyType"] == "HASH"]
    return str(keys[0]) if keys else None


def _index(table: Request, name: str) -> Request:
    indexes = [one for kind in ("Global", "Local") for one in table.get(f"{kind}SecondaryIndexes") or ()]
    return next((one for one in indexes if one["IndexName"] == name), {})
