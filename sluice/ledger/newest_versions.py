"""Which version of a file is the newest that started a run of a pipeline: S3's events come out of order.

``pk = NEWEST#<pipeline>#<digest of bucket and key>`` has the order and the id of that version. It is written
in the transaction that begins the run, so it costs no call.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from botocore.exceptions import ClientError

from sluice.ledger import records as items
from sluice.run.state import Run
from sluice.triggers.trigger_event import S3Object

NEWEST = "NEWEST#"
_UNKNOWN = "unknown"


def newest_version(table: str, run: Run) -> items.Item | None:
    """Return the write that makes a run's file the newest of its key, unless a newer one is recorded; None
    for a run of anything else, of a file whose order is not known, or of one that is known to be old.
    """
    if run.trigger.get("kind") != S3Object.kind or "sequencer" not in run.trigger:
        return None
    file = S3Object.from_dict(run.trigger)
    if file.newer_version:
        return None
    return {
        "Update": {
            "TableName": table,
            "Key": _key(run.pipeline.name, file),
            "UpdateExpression": "SET #order = :order, #version = :version, #expires_at = :expires_at",
            "ConditionExpression": "attribute_not_exists(#order) OR #order <= :order",
            "ExpressionAttributeNames": items.names("order", "version", "expires_at"),
            "ExpressionAttributeValues": items.values(
                order=file.order,
                version=file.version_id or file.etag,
                expires_at=items.expires_at(run.created_at),
            ),
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }
    }


def with_newer_version(run: Run, error: ClientError) -> Run:
    """Return a run whose trigger names the newer version, by the refusal of ``newest_version``."""
    answered: Mapping[str, Any] = error.response
    item = answered["CancellationReasons"][-1].get("Item") or {}
    version = (item["version"]["S"] if "version" in item else "") or _UNKNOWN
    return replace(run, trigger={**run.trigger, "newer_version": version})


def _key(pipeline: str, file: S3Object) -> items.Item:
    identity = json.dumps([file.bucket, file.key], separators=(",", ":")).encode()
    return items.values_of(pk=f"{NEWEST}{pipeline}#{hashlib.sha256(identity).hexdigest()[:32]}", sk="NEWEST")
