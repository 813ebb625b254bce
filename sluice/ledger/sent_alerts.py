"""The alerts that were sent, in the ledger's table, so that people can look them up.

``pk = SENT_ALERTS``, ``sk = <time>#<digest>`` is an alert, and stands in ``pk = SENT_ALERTS#<pipeline>`` once
more where it is of a pipeline: so the newest, of all or of one, are one Query. They expire after 90 days.
What alarms of CloudWatch say, such as that messages were set aside, CloudWatch sends by itself.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from sluice.aws.table import DynamoDB, Item, Table
from sluice.ledger import records

PARTITION = "SENT_ALERTS"
KEPT = timedelta(days=90)
MAX_CHARACTERS = 4_000


@dataclass(frozen=True, slots=True, kw_only=True)
class SentAlert:
    """An alert that was sent at a time (ISO 8601, UTC): ``kind`` is failed, late, not started, blocked,
    invalid, set, or digest for one of many failures. ``pipeline`` and ``run`` are empty where it is of none.
    """

    at: str
    kind: str
    subject: str
    text: str
    pipeline: str = ""
    run: str = ""


@dataclass(frozen=True, slots=True)
class SentAlerts:
    """Reads and writes what was sent; ``client`` is a low-level DynamoDB client."""

    client: DynamoDB
    table: str

    def record(self, alert: SentAlert) -> None:
        """Write that an alert was sent."""
        self._table.transact([self._put(partition, alert) for partition in _partitions(alert.pipeline)])

    def newest(self, limit: int, pipeline: str | None = None) -> Iterator[SentAlert]:
        """Yield the newest alerts, of a pipeline or of all, at most so many: one Query."""
        found = self.client.query(
            TableName=self.table,
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues=records.values(pk=_partitions(pipeline or "")[-1]),
            ScanIndexForward=False,
            Limit=limit,
        )
        yield from map(_alert_from, found["Items"])

    def _put(self, partition: str, alert: SentAlert) -> Item:
        expires = int((datetime.fromisoformat(alert.at) + KEPT).timestamp())
        item = records.values_of(
            pk=partition,
            sk=f"{alert.at}#{_digest(alert)}",
            kind=alert.kind,
            subject=alert.subject,
            text=alert.text[:MAX_CHARACTERS],
            pipeline=alert.pipeline,
            run=alert.run,
            expires_at=expires,
        )
        return {"Put": {"TableName": self.table, "Item": item}}

    @property
    def _table(self) -> Table:
        return Table(self.client, self.table)


def _partitions(pipeline: str) -> list[str]:
    return [PARTITION, *([f"{PARTITION}#{pipeline}"] if pipeline else [])]


def _digest(alert: SentAlert) -> str:
    """Return what tells apart the alerts of one moment."""
    told = f"{alert.kind}\0{alert.pipeline}\0{alert.run}\0{alert.subject}"
    return hashlib.sha256(told.encode()).hexdigest()[:12]


def _alert_from(item: Item) -> SentAlert:
    return SentAlert(
        at=item["sk"]["S"].partition("#")[0],
        **{name: item[name]["S"] for name in ("kind", "subject", "text", "pipeline", "run")},
    )
