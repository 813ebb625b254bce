"""Idempotency records of webhooks: one an event, beside its run, written when the event is in the trigger
queue.
"""

from __future__ import annotations

from dataclasses import dataclass

from sluice.aws.table import DynamoDB, Table
from sluice.ledger import records as items
from sluice.triggers.webhook_deliveries import DeliveryRecord

_EVENT = "webhook"


@dataclass(frozen=True, slots=True)
class DeliveryRecords:
    """Reads and writes the records."""

    client: DynamoDB
    table: str

    def read(self, run_id: str) -> DeliveryRecord | None:
        """Return the record of the event that starts this run, or None."""
        found = self._table.item(items.event_key(run_id, _EVENT))
        return DeliveryRecord(at=int(found["signed_at"]["N"]), digest=found["digest"]["S"]) if found else None

    def write(self, run_id: str, record: DeliveryRecord, now: str) -> bool:
        """Record a request; return False when one is recorded that was signed as late or later."""
        return self._table.update(
            items.event_key(run_id, _EVENT),
            "SET #signed_at = :signed_at, #digest = :digest, #expires_at = :expires_at",
            "attribute_not_exists(#signed_at) OR #signed_at < :signed_at",
            items.names("signed_at", "digest", "expires_at"),
            items.values(signed_at=record.at, digest=record.digest, expires_at=items.expires_at(now)),
            is_own=lambda item: (
                (item["signed_at"]["N"], item["digest"]["S"]) == (str(record.at), record.digest)
            ),
        )

    @property
    def _table(self) -> Table:
        return Table(self.client, self.table)
