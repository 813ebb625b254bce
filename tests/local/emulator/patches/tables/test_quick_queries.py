"""A page of an index is what ministack makes of the whole partition, whatever the page."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ministack.services import (
    dynamodb,
)

from local.emulator.patches.tables.quick_queries import narrow_queries
from local.emulator.services import scope

NAME = "narrowed"
WHOLE, WRITE = dynamodb._query, dynamodb._index_item
PLACES = st.sampled_from(["", "a", "ab", "b", "é", "~"]).filter(bool)
TEXTS = st.sampled_from(["0", "a", "ab", "b", "é", "~"])


@pytest.fixture(autouse=True)
def narrowed(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Narrow queries while a test runs."""
    monkeypatch.setattr(dynamodb, "_query", WHOLE)
    monkeypatch.setattr(dynamodb, "_index_item", WRITE)
    narrow_queries()
    yield
    with scope():
        dynamodb._tables.pop(NAME, None)


def _fill(entries: list[tuple[str, str]]) -> None:
    dynamodb._tables.pop(NAME, None)
    keys = [
        {"AttributeName": name, "KeyType": kind}
        for name, kind in (("listed", "HASH"), ("listed_at", "RANGE"))
    ]
    table = {
        "TableName": NAME,
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [
            {"AttributeName": name, "AttributeType": "S"} for name in ("pk", "listed", "listed_at")
        ],
        "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
        "GlobalSecondaryIndexes": [
            {"IndexName": "listed", "KeySchema": keys, "Projection": {"ProjectionType": "ALL"}}
        ],
    }
    assert dynamodb._create_table(table)[0] == 200
    for number, (listed, at) in enumerate(entries):
        _put(f"{number}", listed, at)


def _put(key: str, listed: str, at: str) -> None:
    item = {"pk": {"S": key}, "listed": {"S": listed}, "listed_at": {"S": at}}
    dynamodb._set_item(dynamodb._tables[NAME], key, "", item)


def _request(first: str, last: str, limit: int, forward: bool) -> dict[str, Any]:
    return {
        "TableName": NAME,
        "IndexName": "listed",
        "KeyConditionExpression": "listed = :listed AND listed_at BETWEEN :start AND :end",
        "ExpressionAttributeValues": {":listed": {"S": "x"}, ":start": {"S": first}, ":end": {"S": last}},
        "ScanIndexForward": forward,
        "Limit": limit,
    }


def _answer(query: Any, request: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    status, _, body = query(request)
    return status, json.loads(body)


@given(
    entries=st.lists(st.tuples(st.sampled_from("xy"), PLACES), max_size=14),
    between=st.tuples(TEXTS, TEXTS),
    limit=st.integers(1, 4),
    forward=st.booleans(),
)
@settings(max_examples=150, deadline=None)
def test_every_page_is_the_same(
    entries: list[tuple[str, str]], between: tuple[str, str], limit: int, forward: bool
) -> None:
    """Entries at one place, pages behind pages, ranges that hold nothing, or are none."""
    with scope():
        _fill(entries)
        request = _request(*between, limit, forward)
        for number in range(3 * len(entries) + 3):
            # Others write between two pages.
            _put(f"late-{number}", "x", "ab")
            if entries:
                dynamodb._remove_item(dynamodb._tables[NAME], f"{number}", "")
            expected = _answer(WHOLE, request)
            assert _answer(dynamodb._query, request) == expected
            if "LastEvaluatedKey" not in expected[1]:
                return
            request["ExclusiveStartKey"] = expected[1]["LastEvaluatedKey"]


def test_what_is_no_range_is_as_before() -> None:
    """No limit, no index, no table; the partition is whole afterwards."""
    with scope():
        _fill([("x", "a"), ("x", "b")])
        request = _request("0", "~", 1, forward=True)
        assert _answer(dynamodb._query, request)[1]["Count"] == 1
        del request["Limit"]
        assert _answer(dynamodb._query, request)[1]["Count"] == 2
        assert _answer(dynamodb._query, request | {"IndexName": "none"})[0] == 400
        assert _answer(dynamodb._query, request | {"TableName": "none-such"})[0] == 400
