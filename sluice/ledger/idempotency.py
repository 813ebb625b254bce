"""What the ledger remembers of a webhook's events: one note an event, beside its run, written when the event
is safely in the queue.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sluice.aws.table import Table
from sluice.ledger import records as items
from sluice.triggers.webhook_deliveries import DeliveryRecord

_EVENT = "webhook"


@dataclass(frozen=True, slots=True)
class DeliveryRecords:
    """Reads and writes the notes; ``client`` is a low-level DynamoDB client."""

    client: Any
    table: str

    def read(self, run_id: str) -> DeliveryRecord | None:
        """Return what is remembered of the event that starts this run."""
        found = self.client.get_item(
            TableName=self.table, Key=items.note_key(run_id, _EVENT), ConsistentRead=True
        ).get("Item")
        return DeliveryRecord(at=int(found["signed_at"]["N"]), digest=found["digest"]["S"]) if found else None

    def write(self, run_id: str, record: DeliveryRecord, now: str) -> bool:
        """Remember a request; False when somebody wrote one meanwhile that was signed as late or later."""
        return Table(self.client, self.table).update(
            items.note_key(run_id, _EVENT),
            "SET #signed_at = :signed_at, #digest = :digest, #expires_at = :expires_at",
            "attribute_not_exists(#signed_at) OR #signed_at < :signed_at",
            items.names("signed_at", "digest", "expires_at"),
            items.values(signed_at=record.at, digest=record.digest, expires_at=items.expires_at(now)),
        )
