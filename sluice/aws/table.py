"""The ledger's table: reads go on to their end, a transaction in the way is waited for, a condition that does
not hold is an answer.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from sluice.limits import MAX_BATCH_GET_KEYS

_TRIES = 6
_PAUSE_SECONDS = 0.05
# https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html (cancellation
# reasons)
_PASSING = {"TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"}


Item = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Table:
    """A table of DynamoDB; ``client`` is a low-level client."""

    client: Any
    name: str

    def pages(self, **query: Any) -> Iterator[Item]:
        """Yield what a query finds, on all its pages."""
        while True:
            page = self.client.query(TableName=self.name, **query)
            yield from page["Items"]
            if "LastEvaluatedKey" not in page:
                return
            query["ExclusiveStartKey"] = page["LastEvaluatedKey"]

    def get(self, keys: Sequence[Item]) -> Iterator[Item]:
        """Yield the items of these keys as they are now, in any order, those that there are."""
        left = list(keys)
        while left:
            asked, left = left[:MAX_BATCH_GET_KEYS], left[MAX_BATCH_GET_KEYS:]
            answer = self.client.batch_get_item(
                RequestItems={self.name: {"Keys": asked, "ConsistentRead": True}}
            )
            yield from answer["Responses"].get(self.name, [])
            left += (answer.get("UnprocessedKeys") or {}).get(self.name, {}).get("Keys", [])

    def update(self, key: Item, update: str, condition: str, names: dict[str, str], values: Item) -> bool:
        """Update an item; False when its condition does not hold."""
        request = {
            "UpdateExpression": update,
            "ConditionExpression": condition,
            "ExpressionAttributeNames": names,
        }
        try:
            _patiently(
                lambda: self.client.update_item(
                    TableName=self.name, Key=key, **request, ExpressionAttributeValues=values
                )
            )
        except ClientError as error:
            if _code(error) == "ConditionalCheckFailedException":
                return False
            raise
        return True

    def transact(self, writes: Sequence[Item]) -> None:
        """Do all of these writes or none; ClientError, of which the functions below tell why, for none."""
        _patiently(lambda: self.client.transact_write_items(TransactItems=writes))


def _patiently(write: Callable[[], Any]) -> None:
    """Repeat a write that met another one in flight, or a table that was busy.

    The SDK does not, because it cannot know that the write is conditional.

    Source:
    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis.html#transaction-conflict-handling
    """
    for attempt in range(_TRIES):
        try:
            write()
        except ClientError as error:
            if not _conflict(error) or attempt == _TRIES - 1:
                raise
            time.sleep(random.uniform(0, _PAUSE_SECONDS * 2**attempt))  # noqa: S311 - jitter, not a secret
        else:
            return


def condition_failed(error: ClientError) -> bool:
    """Return whether a transaction was cancelled because a condition does not hold."""
    return _code(error) == "TransactionCanceledException" and "ConditionalCheckFailed" in _reasons(error)


def failed_conditions(error: ClientError) -> set[int]:
    """Return the places, in a cancelled transaction, of the writes whose conditions do not hold."""
    return {place for place, reason in enumerate(_reasons(error)) if reason == "ConditionalCheckFailed"}


def _conflict(error: ClientError) -> bool:
    cancelled = _code(error) == "TransactionCanceledException" and bool(_PASSING & set(_reasons(error)))
    return _code(error) == "TransactionConflictException" or (cancelled and not condition_failed(error))


def _code(error: ClientError) -> str:
    return str(error.response["Error"]["Code"])


def _reasons(error: ClientError) -> list[str]:
    return [str(reason.get("Code")) for reason in error.response.get("CancellationReasons", [])]
