"""Which version of a key is the newest that was in a group of a trigger: an older one may come behind it, in
a later group.

``pk = FILE#NEWEST#<digest of pipeline, trigger and key>`` has the order and the id of that version. It is
written when a group is handed over, a hundred files a call.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from botocore.exceptions import ClientError

from sluice.aws.table import Item, Table, condition_failed, failed_conditions
from sluice.grouping.group import Group
from sluice.grouping.records import FILE
from sluice.ledger.records import expires_at, names, values, values_of
from sluice.limits import MAX_TRANSACTION_ITEMS
from sluice.triggers.trigger_event import S3Object

_NEWEST = f"{FILE}NEWEST#"
_UNKNOWN = "unknown"


def with_newer_versions(table: Table, group: Group, files: Sequence[S3Object]) -> list[S3Object]:
    """Return the files of a group, each with the newer version of its key that an earlier group had, where
    there was one; and record those that are the newest themselves. To repeat it changes nothing.
    """
    found: list[S3Object] = []
    for start in range(0, len(files), MAX_TRANSACTION_ITEMS):
        found += _recorded(table, group, list(files[start : start + MAX_TRANSACTION_ITEMS]))
    return found


def _recorded(table: Table, group: Group, files: list[S3Object]) -> list[S3Object]:
    """Record as many files as one transaction takes: those that are old are taken out of it."""
    old: dict[S3Object, str] = {}
    new = [file for file in files if file.order]
    while new and (refused := _refused(table, group, new)):
        old |= refused
        new = [file for file in new if file not in refused]
    return [replace(file, newer_version=old[file]) if file in old else file for file in files]


def _refused(table: Table, group: Group, files: list[S3Object]) -> dict[S3Object, str]:
    """Record all of these files, or none; return the old ones, each with the newer version of its key."""
    try:
        table.transact([_write(table.name, group, file) for file in files])
    except ClientError as error:
        if not condition_failed(error):
            raise
        return {files[position]: _version(error, position) for position in failed_conditions(error)}
    return {}


def _version(error: ClientError, position: int) -> str:
    answered: Any = error.response
    item = answered["CancellationReasons"][position].get("Item") or {}
    return str(item["version"]["S"]) if "version" in item else _UNKNOWN


def _write(table: str, group: Group, file: S3Object) -> Item:
    return {
        "Update": {
            "TableName": table,
            "Key": _key(group, file),
            "UpdateExpression": "SET #order = :order, #version = :version, #expires_at = :expires_at",
            "ConditionExpression": "attribute_not_exists(#order) OR #order <= :order",
            "ExpressionAttributeNames": names("order", "version", "expires_at"),
            "ExpressionAttributeValues": values(
                order=file.order,
                version=file.version_id or file.etag,
                expires_at=expires_at(group.opened_at),
            ),
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }
    }


def _key(group: Group, file: S3Object) -> Item:
    identity = [group.pipeline, group.trigger, file.bucket, file.key]
    digest = hashlib.sha256(json.dumps(identity, separators=(",", ":")).encode()).hexdigest()[:32]
    return values_of(pk=f"{_NEWEST}{digest}", sk=FILE)
