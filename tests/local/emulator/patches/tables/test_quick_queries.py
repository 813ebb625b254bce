"""A page of a table or an index is what ministack makes of the whole partition, whatever the page."""

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


NAMED = "begun"
SORTS = st.sampled_from(["G#1", "G#2", "F#1", "F#", "#", "é#"])


def _fill_partitions(entries: list[tuple[str, str]]) -> None:
    dynamodb._tables.pop(NAMED, None)
    keys = (("pk", "HASH"), ("sk", "RANGE"))
    table = {
        "TableName": NAMED,
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [{"AttributeName": name, "AttributeType": "S"} for name, _ in keys],
        "KeySchema": [{"AttributeName": name, "KeyType": kind} for name, kind in keys],
    }
    assert dynamodb._create_table(table)[0] == 200
    for pk, sk in entries:
        dynamodb._set_item(dynamodb._tables[NAMED], pk, sk, {"pk": {"S": pk}, "sk": {"S": sk}})


@given(
    entries=st.lists(st.tuples(st.sampled_from("xy"), SORTS), max_size=10),
    beginning=st.sampled_from(["G#", "F#", "F#1", "é", "none"]),
    limit=st.none() | st.integers(1, 3),
    forward=st.booleans(),
)
@settings(max_examples=100, deadline=None)
def test_every_page_of_what_begins_so_is_the_same(
    entries: list[tuple[str, str]], beginning: str, limit: int | None, forward: bool
) -> None:
    """Of a table itself; its partitions are whole afterwards."""
    with scope():
        _fill_partitions(entries)
        request: dict[str, Any] = {
            "TableName": NAMED,
            "KeyConditionExpression": "pk = :pk AND begins_with(sk, :beginning)",
            "ExpressionAttributeValues": {":pk": {"S": "x"}, ":beginning": {"S": beginning}},
            "ScanIndexForward": forward,
            **({"Limit": limit} if limit else {}),
        }
        for _ in range(len(entries) + 2):
            expected = _answer(WHOLE, request)
            assert _answer(dynamodb._query, request) == expected
            if "LastEvaluatedKey" not in expected[1]:
                break
            request["ExclusiveStartKey"] = expected[1]["LastEvaluatedKey"]
        else:
            raise AssertionError("the pages do not end")
        found = {(pk, sk) for pk, own in dynamodb._tables[NAMED]["items"].items() for sk in own}
        assert found == set(entries)
        dynamodb._tables.pop(NAMED, None)


def test_only_what_can_begin_so_is_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of 500 entries one: the condition is evaluated once, and not 500 times."""
    evaluated: list[str] = []
    real = dynamodb._evaluate_condition

    def evaluate(*given: Any, **named: Any) -> Any:
        evaluated.append(given[0])
        return real(*given, **named)

    monkeypatch.setattr(dynamodb, "_evaluate_condition", evaluate)
    with scope():
        _fill_partitions([("x", "G#1"), *(("x", f"F#{number}") for number in range(500))])
        request = {
            "TableName": NAMED,
            "KeyConditionExpression": "pk = :pk AND begins_with(sk, :beginning)",
            "ExpressionAttributeValues": {":pk": {"S": "x"}, ":beginning": {"S": "G#"}},
        }
        assert _answer(dynamodb._query, request)[1]["Count"] == 1
        assert len(evaluated) < 5
        dynamodb._tables.pop(NAMED, None)


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
