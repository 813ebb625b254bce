"""Mended: a page of a table or an index costs what it holds, and not what its whole partition does.

ministack sorts all entries of a partition and evaluates the condition on each, for every page: a second for
one row of 10,000. DynamoDB finds a page in order:
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Query.html
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from ministack.services import (
    dynamodb,
)

Key = tuple[str, str]
Entry = tuple[str, Key]
"""A place in an index, and whose it is."""
_RANGE = re.compile(
    r"\s*(?P<hash>\w+)\s*=\s*(?P<value>:\w+)"
    r"\s+AND\s+(?P<sort>\w+)\s+BETWEEN\s+(?P<from>:\w+)\s+AND\s+(?P<to>:\w+)\s*"
)
_BEGINNING = re.compile(
    r"\s*(?P<hash>\w+)\s*=\s*(?P<value>:\w+)\s+AND\s+begins_with\(\s*(?P<sort>\w+)\s*,\s*(?P<with>:\w+)\s*\)\s*"
)
_MEMBERS = "_index_members"


_ordered: dict[int, tuple[Mapping[Key, None], list[Entry]]] = {}
"""The partitions that were asked for since the last write, in order."""


def narrow_queries() -> None:
    """Let ministack look at those entries only that a page of a range can hold; it checks, filters and writes
    the page as before.
    """
    query, write = dynamodb._query, dynamodb._index_item

    def narrowed(data: Mapping[str, Any]) -> Any:
        table = dynamodb._tables.get(dynamodb._normalize_table_name(data.get("TableName")))
        beginning = _beginning_of(data, table) if table else None
        if beginning is not None:
            return _answer_beginning(query, data, table["items"], *beginning)
        page = _page_of(data, table) if table else None
        if page is None:
            return query(data)
        whole = dynamodb._index_members(table)
        index = str(data["IndexName"])
        entries = _in_order(whole[index].get(page.partition, {}), table["items"], page.sort)
        # Nothing else runs meanwhile: a query is one synchronous call in the server's loop.
        table[_MEMBERS] = {**whole, index: {page.partition: dict.fromkeys(page.keys_in(entries))}}
        try:
            return query(data)
        finally:
            table[_MEMBERS] = whole

    def written(*given: Any, **named: Any) -> Any:
        _ordered.clear()
        return write(*given, **named)

    dynamodb._query, dynamodb._index_item = narrowed, written


def _beginning_of(data: Mapping[str, Any], table: Mapping[str, Any]) -> tuple[str, str] | None:
    """Return the partition, and what the sort keys begin with, that a query of the table itself asks for;
    None for one of another form, or of what is not there.
    """
    condition = _BEGINNING.fullmatch(str(data.get("KeyConditionExpression") or ""))
    if condition is None or data.get("IndexName"):
        return None
    if (condition["hash"], condition["sort"]) != (table["pk_name"], table["sk_name"]):
        return None
    values = data.get("ExpressionAttributeValues") or {}
    partition, beginning = (values.get(condition[name], {}).get("S") for name in ("value", "with"))
    is_there = partition in table["items"] and isinstance(beginning, str)
    return (str(partition), str(beginning)) if is_there else None


def _answer_beginning(
    query: Callable[[Mapping[str, Any]], Any],
    data: Mapping[str, Any],
    items: dict[str, Any],
    partition: str,
    beginning: str,
) -> Any:
    """Answer a query while its partition has those items alone whose sort keys begin so."""
    whole = items[partition]
    items[partition] = {sort: item for sort, item in whole.items() if str(sort).startswith(beginning)}
    try:
        return query(data)
    finally:
        items[partition] = whole


def _in_order(
    partition: Mapping[Key, None], items: Mapping[str, Mapping[str, Any]], sort: str
) -> Sequence[Entry]:
    """Return the entries of a partition in order; they are kept, with the partition itself, until a write."""
    known = _ordered.get(id(partition))
    if known is None or known[0] is not partition:
        entries = sorted(((items[pk][sk][sort]["S"], (pk, sk)) for pk, sk in partition), key=_place)
        known = _ordered[id(partition)] = (partition, entries)
    return known[1]


def _place(entry: Entry) -> str:
    return entry[0]


@dataclass(frozen=True, slots=True)
class _Page:
    """The first entries of an index's partition between two texts, behind where the page before ended."""

    partition: str
    sort: str
    first: str
    last: str
    limit: int
    forward: bool
    cursor: str | None

    def keys_in(self, entries: Sequence[Entry]) -> list[Key]:
        """Return the keys of the entries that a page can hold, with all at the places where it may end."""
        low, high = _bounds(entries, self.first, self.last)
        # Of those at the cursor the pages before had some, or all.
        passed = _bounds(entries, self.cursor, self.cursor) if self.cursor is not None else (0, 0)
        room = self.limit + passed[1] - passed[0]
        if high - low > room and self.forward:
            high = _bounds(entries, "", _place(entries[low + room - 1]))[1]
        elif high - low > room:
            edge = _place(entries[high - room])
            low = _bounds(entries, edge, edge)[0]
        return [key for _, key in entries[low:high]]


def _bounds(entries: Sequence[Entry], first: str, last: str) -> tuple[int, int]:
    """Return where the entries from one place to another one begin and end."""
    return bisect_left(entries, first, key=_place), bisect_right(entries, last, key=_place)


def _page_of(data: Mapping[str, Any], table: Mapping[str, Any]) -> _Page | None:
    """Return the page that a query asks for, None for one of another form than a range of texts."""
    condition = _RANGE.fullmatch(str(data.get("KeyConditionExpression") or ""))
    index, limit = dynamodb._index_def(table, data.get("IndexName")), data.get("Limit")
    if condition is None or index is None or not isinstance(limit, int):
        return None
    values = data.get("ExpressionAttributeValues", {})
    texts = [values.get(condition[name], {}).get("S") for name in ("value", "from", "to")]
    is_of_texts = None not in texts and limit > 0
    if not is_of_texts or dynamodb._index_key_lists(index) != ([condition["hash"]], [condition["sort"]]):
        return None
    return _bounded(data, condition["sort"], *cast("tuple[str, str, str]", texts))


def _bounded(data: Mapping[str, Any], sort: str, partition: str, first: str, last: str) -> _Page:
    """Return the page of a query, which begins behind what the page before ended with."""
    forward = bool(data.get("ScanIndexForward", True))
    cursor = (data.get("ExclusiveStartKey") or {}).get(sort, {}).get("S")
    if cursor is not None:
        first, last = (cursor, last) if forward else (first, cursor)
    return _Page(partition, sort, first, last, int(data["Limit"]), forward, cursor)
