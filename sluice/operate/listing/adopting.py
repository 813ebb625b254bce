"""Puts runs that an older version wrote into the index of runs: by the first listings, once.

A listing that finds no run outside the index writes down that all are in it, and no later one looks again.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from sluice.aws.outages import is_denied
from sluice.ledger import listed, records
from sluice.operate.clients import RunTableWriter
from sluice.operate.listing.index import RunIndex
from sluice.operate.listing.scan import id_of, scan
from sluice.run.state import RunState

_ATTRIBUTES = ("pk", "state", "created_at", "trigger")
# An index that is not there, and one that DynamoDB still fills:
# https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_Query.html
_NO_INDEX = frozenset({"ValidationException", "ResourceNotFoundException"})
_CHANGED = "ConditionalCheckFailedException"


@dataclass(frozen=True, slots=True)
class Adoption:
    """Whether all runs are in the index, and how they get there."""

    dynamodb: RunTableWriter
    table: str

    def is_complete(self) -> bool:
        """Return whether all runs are in the index, after putting those into it that are not.

        False where the caller may not write, where the index is not deployed, or where runs were put into it
        just now: it follows the table within about a second.
        """
        found = self.dynamodb.get_item(TableName=self.table, Key=listed.COMPLETE, ConsistentRead=True)
        if "Item" in found:
            return True
        try:
            return self._has_index() and self._adopt() == 0 and self._complete()
        except ClientError as error:
            if not is_denied(error):
                raise
            return False

    def _has_index(self) -> bool:
        try:
            RunIndex(self.dynamodb, self.table).beginning_with(" ", 1)
        except ClientError as error:
            if error.response["Error"]["Code"] not in _NO_INDEX:
                raise
            return False
        return True

    def _adopt(self) -> int:
        """Put the runs into the index that are not in it, and return how many there were."""
        return sum(self._put(item) for item in self._unlisted())

    def _unlisted(self) -> Iterator[dict[str, Any]]:
        condition = "sk = :run AND (attribute_not_exists(listed) OR attribute_not_exists(listed_at))"
        return scan(self.dynamodb, self.table, condition, records.values(run=records.RUN), _ATTRIBUTES)

    def _put(self, item: dict[str, Any]) -> int:
        """Put a run into the index: its rows first, so that a run whose own item is listed has them."""
        run_id, created_at = id_of(item), item["created_at"]["S"]
        for row in listed.rows(run_id, json.loads(item["trigger"]["S"]), created_at):
            self.dynamodb.put_item(TableName=self.table, Item=row)
        self._list(run_id, RunState(item["state"]["S"]), created_at)
        return 1

    def _list(self, run_id: str, state: RunState, created_at: str) -> None:
        """List a run in its state, unless that has changed: then a later listing finds it again."""
        place = listed.state_attributes(run_id, state)
        try:
            self.dynamodb.update_item(
                TableName=self.table,
                Key=records.run_key(run_id),
                UpdateExpression="SET #listed = :listed, #listed_at = :listed_at",
                ConditionExpression="#state = :state",
                ExpressionAttributeNames=records.names("listed", "listed_at", "state"),
                ExpressionAttributeValues=records.values(**place, listed_at=created_at, state=state),
            )
        except ClientError as error:
            if error.response["Error"]["Code"] != _CHANGED:
                raise

    def _complete(self) -> bool:
        self.dynamodb.put_item(TableName=self.table, Item=listed.COMPLETE)
        return True
