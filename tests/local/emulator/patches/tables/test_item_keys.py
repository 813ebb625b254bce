"""Policies may ask for the partitions and attributes that a request to DynamoDB names."""

from __future__ import annotations

import json
from typing import Any

import pytest

from local.emulator.patches.tables.item_keys import item_keys

KEY = {"pk": {"S": "RUN#a"}, "sk": {"S": "RUN"}}
OTHER = {"pk": {"S": "RUN#b"}, "sk": {"S": "RUN"}}


def keys(request: dict[str, Any]) -> tuple[list[str], list[str]]:
    """Return the partitions and the attributes that a request names."""
    found = item_keys(
        json.dumps(request).encode(), lambda table, index: "unfinished" if index else "pk" if table else None
    )
    return found.get("dynamodb:LeadingKeys", []), found.get("dynamodb:Attributes", [])


@pytest.mark.parametrize(
    ("request_", "leading", "attributes"),
    [
        ({"TableName": "t", "Key": KEY}, ["RUN#a"], ["pk", "sk"]),
        ({"TableName": "t", "Item": {**KEY, "n": {"N": "1"}}}, ["RUN#a"], ["n", "pk", "sk"]),
        (
            {
                "TableName": "t",
                "Key": KEY,
                "UpdateExpression": "SET #a.b = if_not_exists(c, :v), d = :w REMOVE e",
                "ConditionExpression": "attribute_not_exists(f) AND NOT g IN (:v)",
                "ExpressionAttributeNames": {"#a": "whole"},
            },
            ["RUN#a"],
            ["c", "d", "e", "f", "g", "pk", "sk", "whole"],
        ),
        (
            {
                "TableName": "t",
                "KeyConditionExpression": "#k = :k AND begins_with(sk, :s)",
                "ExpressionAttributeNames": {"#k": "pk"},
                "ExpressionAttributeValues": {":k": {"S": "RUN#a"}, ":s": {"S": "J"}},
            },
            ["RUN#a"],
            ["pk", "sk"],
        ),
        (
            {
                "TableName": "t",
                "IndexName": "unfinished",
                "KeyConditionExpression": "unfinished = :u",
                "ExpressionAttributeValues": {":u": {"S": "yes"}},
            },
            ["yes"],
            ["unfinished"],
        ),
        ({"RequestItems": {"t": {"Keys": [KEY, OTHER]}}}, ["RUN#a", "RUN#b"], ["pk", "sk"]),
        ({"RequestItems": {"t": [{"PutRequest": {"Item": OTHER}}]}}, ["RUN#b"], ["pk", "sk"]),
        (
            {
                "TransactItems": [
                    {"Put": {"TableName": "t", "Item": KEY}},
                    {"Get": {"TableName": "t", "Key": OTHER}},
                ]
            },
            ["RUN#a", "RUN#b"],
            ["pk", "sk"],
        ),
        ({"TableName": "t"}, [], []),
    ],
)
def test_the_keys_are_those_of_the_whole_request(
    request_: dict[str, Any], leading: list[str], attributes: list[str]
) -> None:
    """A batch names all its partitions; a scan names none, so that the keys are null."""
    assert keys(request_) == (leading, attributes)


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"TransactItems": [5]}', b'{"RequestItems": {"t": 5}}'])
def test_what_is_no_request_has_no_keys(body: bytes) -> None:
    """The service says what is wrong with it."""
    assert item_keys(body, lambda table, index: "pk") == {}
