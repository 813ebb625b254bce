"""Finds runs in the ledger's index ``listed``: each question is a Query for each pipeline and state that it
concerns, and reads no more of them than it returns.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import chain, islice
from typing import Any

from sluice.ledger import listed, records
from sluice.ledger.ledger import UNFINISHED_INDEX
from sluice.operate.clients import RunTable
from sluice.operate.listing.scan import id_of
from sluice.ordering.records import WAITING
from sluice.run.state import RunState

# A run that ends meanwhile is found in its old state or in its new one.
_STATES = dict.fromkeys((RunState.WAITING, RunState.RUNNING, *RunState))
_FIRST, _LAST = "0", "~"
_FEW, _LEAST_PAGE = 10, 10
_READ_TOGETHER = 8
Place = tuple[str, str]
"""When a run began, and its id."""


@dataclass(frozen=True, slots=True)
class RunIndex:
    """Finds the ids of runs; the index follows the table within about a second."""

    dynamodb: RunTable
    table: str
    since: str = _FIRST
    until: str = _LAST

    def in_states(self, pipelines: Iterable[str], state: RunState | None, page: int) -> Iterator[str]:
        """Yield the runs of pipelines in a state, the newest first; None stands for any. ``page`` is how many
        are read at a time.
        """
        states = _STATES if state is None else (state,)
        partitions = [listed.by_state(name, each) for name in pipelines for each in states]
        if len(partitions) > _FEW:
            # Of many partitions few rows each are among the newest.
            page = min(page, max(_LEAST_PAGE, 4 * page // len(partitions)))
        with ThreadPoolExecutor(_READ_TOGETHER) as threads:
            begun = list(threads.map(lambda each: _begun(self._newest(each, page)), partitions))
        yield from _ids(heapq.merge(*begun, reverse=True))

    def unfinished(self, state: RunState, page: int) -> Iterator[str]:
        """Yield the running or waiting runs of all pipelines, the newest first: a Query or two, however many
        pipelines there are. A run in another state may be among them.
        """
        partitions = [self._open(records.UNFINISHED, page)]
        if state is RunState.WAITING:
            # A resumed run waits before it stands in its queue: the newest ones are looked through for it.
            partitions = [self._open(WAITING, page), islice(partitions[0], page)]
        yield from _ids(heapq.merge(*partitions, reverse=True))

    def by_words(self, word: str, page: int) -> Iterator[str]:
        """Yield the runs that a file, or a value of an input, of this name started, the newest first."""
        yield from _ids(self._newest(listed.by_word(word), page))

    def by_label(self, label: str, page: int) -> Iterator[str]:
        """Yield the runs with a label, the last labelled first."""
        yield from _ids(self._newest(listed.by_label(label), page))

    def pipelines(self) -> list[str]:
        """Return the names of the pipelines that have runs: one Query of one row for each."""
        found, after = list[str](), _FIRST
        while rows := list(self._rows(listed.NAMES, after, _LAST, page=1, forward=True, pages=1)):
            found.append(rows[0]["listed_at"]["S"].partition("#")[0])
            after = f"{found[-1]}#{_LAST}"
        return found

    def beginning_with(self, part: str, limit: int) -> list[str]:
        """Return runs whose id, or the digest at whose end, begins so; at most so many of each."""
        head, hyphen, tail = part.rpartition("-")
        places = [(listed.NAMES, part), (listed.DIGESTS, part)]
        places += [(listed.NAMES, f"{head}#{tail}")] if hyphen else []
        found = set[str]()
        for partition, start in places:
            rows = self._rows(partition, start, start + _LAST, page=limit, forward=True, pages=1)
            found |= {id_of(row) for row in rows}
        return sorted(found)

    def _newest(self, partition: str, page: int) -> Iterator[Place]:
        for row in self._rows(partition, self.since, self.until, page=page, forward=False):
            yield row["listed_at"]["S"], row["listed_run"]["S"] if "listed_run" in row else id_of(row)

    def _rows(
        self, partition: str, start: str, end: str, *, page: int, forward: bool, pages: int | None = None
    ) -> Iterator[dict[str, Any]]:
        """Yield the rows of a partition from one place to another."""
        yield from self._query(
            IndexName=listed.LISTED_INDEX,
            KeyConditionExpression="listed = :listed AND listed_at BETWEEN :start AND :end",
            ExpressionAttributeValues=records.values(listed=partition, start=start, end=end),
            ScanIndexForward=forward,
            PaginationConfig={"PageSize": page, **({"MaxItems": pages * page} if pages else {})},
        )

    def _open(self, partition: str, page: int) -> Iterator[Place]:
        """Yield the runs of a partition of the index of the unfinished, the newest first."""
        rows = self._query(
            IndexName=UNFINISHED_INDEX,
            KeyConditionExpression="unfinished = :open AND created_at BETWEEN :start AND :end",
            ExpressionAttributeValues=records.values(open=partition, start=self.since, end=self.until),
            ScanIndexForward=False,
            PaginationConfig={"PageSize": page},
        )
        for row in rows:
            yield row["created_at"]["S"], id_of(row)

    def _query(self, **request: Any) -> Iterator[dict[str, Any]]:
        for answer in self.dynamodb.get_paginator("query").paginate(TableName=self.table, **request):
            yield from answer["Items"]


def _begun(places: Iterator[Place]) -> Iterator[Place]:
    """Return the places after the first page of them has been read."""
    first = next(places, None)
    return iter(()) if first is None else chain([first], places)


def _ids(places: Iterable[Place]) -> Iterator[str]:
    """Yield each run once."""
    seen = set[str]()
    for _, run_id in places:
        if run_id not in seen:
            seen.add(run_id)
            yield run_id
