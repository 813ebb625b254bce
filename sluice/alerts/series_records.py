"""Series of equal failures in the ledger's table: one item a series, and one record a counted failure.

``pk = ALERTS#<pipeline>#<step>#<kind>``, ``sk = SERIES``; those for which a digest is to be sent are in the
sparse index. A failure and its record are written together, so that a message which comes twice counts once.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from sluice.alerts.failure_kind import digest_of
from sluice.alerts.series import (
    SINGLE_ALERTS,
    FailureEvent,
    Notify,
    Series,
    begin_digest,
    count,
    end_digest,
    next_digest,
)
from sluice.aws.retrying import Backoff
from sluice.aws.table import DynamoDB, Item, Table
from sluice.errors import UnsettledError
from sluice.ledger import records as items
from sluice.ledger.ledger import UNFINISHED_INDEX

PREFIX, SORT_KEY, DUE = "ALERTS#", "SERIES", "alerts"
_ATTEMPTS, _BASE_SECONDS = 10, 0.05
_KEPT = timedelta(days=30)
_T = TypeVar("_T")


def series_key(pipeline: str, step: str, kind: str) -> str:
    """Return the partition key of a series."""
    return f"{PREFIX}{pipeline}#{step}#{digest_of(kind)}"


@dataclass(frozen=True, slots=True)
class SeriesRecords:
    """Reads and writes the series."""

    client: DynamoDB
    table: str

    def count(
        self,
        key: str,
        new: Series,
        one: FailureEvent,
        event: str,
        now: datetime,
        *,
        limit: int = SINGLE_ALERTS,
    ) -> Notify:
        """Count an event of a run, once however often this is called, and return what is to be done about it.

        ``new`` is the series to begin where there is none.
        """
        record = items.event_key(one.run, f"counted:{event}")

        def attempt() -> Notify | None:
            if (done := self._table.item(record)) is not None:
                return Notify(done["notify"]["S"])
            stored, version = self._read(key)
            series, notify = count(stored or new, one, now, limit)
            stamp = now.isoformat()
            counted = record | items.values_of(notify=notify, at=stamp, expires_at=items.expires_at(stamp))
            written = self._write(key, series, version, now, self._put(counted, "attribute_not_exists(pk)"))
            return notify if written else None

        return self._until_written(key, attempt)

    def begin_digest(self, key: str, now: datetime) -> Series | None:
        """Begin to send a digest of a series, if one is due; None otherwise."""

        def attempt() -> tuple[Series | None] | None:
            stored, version = self._read(key)
            begun = begin_digest(stored, now) if stored else None
            return (begun,) if begun is None or self._write(key, begun, version, now) else None

        return self._until_written(key, attempt)[0]

    def end_digest(self, key: str, sent: Series, now: datetime) -> None:
        """Record that a digest was sent."""

        def attempt() -> bool | None:
            stored, version = self._read(key)
            ended = end_digest(stored, sent) if stored else None
            return True if ended is None or self._write(key, ended, version, now) else None

        self._until_written(key, attempt)

    def due(self, now: datetime) -> Iterator[str]:
        """Yield the keys of the series for which a digest is due."""
        for item in self._table.pages(
            IndexName=UNFINISHED_INDEX,
            KeyConditionExpression="unfinished = :due AND created_at <= :now",
            ExpressionAttributeValues=items.values(due=DUE, now=now.isoformat()),
        ):
            yield item["pk"]["S"]

    def _until_written(self, key: str, attempt: Callable[[], _T | None]) -> _T:
        """Repeat what another invocation's write came before."""
        backoff = Backoff(attempts=_ATTEMPTS, base=_BASE_SECONDS)
        while (result := attempt()) is None:
            if not backoff.try_again():
                raise UnsettledError(
                    f"The series {key} is written by others all the time, to be tried again."
                )
        return result

    def _read(self, key: str) -> tuple[Series | None, int]:
        item = self._table.item(_key(key))
        if item is None:
            return None, 0
        stored = json.loads(item["series"]["S"])
        return Series(**stored | {"recent": tuple(stored["recent"])}), int(item["number"]["N"])

    def _write(self, key: str, series: Series, version: int, now: datetime, *more: Item) -> bool:
        """Replace a series, with other writes or none of them; False when a condition does not hold."""
        due = next_digest(series)
        item = _key(key) | items.values_of(
            series=json.dumps(asdict(series), separators=(",", ":")),
            number=version + 1,
            unfinished=DUE if due else None,
            created_at=due or None,
            expires_at=int((now + _KEPT).timestamp()),
        )
        same = "#number = :number" if version else "attribute_not_exists(pk)"
        write = self._put(item, same)
        if version:
            write["Put"] |= {
                "ExpressionAttributeNames": items.names("number"),
                "ExpressionAttributeValues": items.values(number=version),
            }
        return not self._table.try_transact([write, *more])

    def _put(self, item: Item, condition: str) -> Item:
        return {"Put": {"TableName": self.table, "Item": item, "ConditionExpression": condition}}

    @property
    def _table(self) -> Table:
        return Table(self.client, self.table)


def _key(key: str) -> Item:
    return items.values_of(pk=key, sk=SORT_KEY)
