"""A table of DynamoDB: reads return everything, writes wait for a transaction in the way, and a condition
that does not hold is an answer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from botocore.exceptions import ClientError

from sluice.aws.retrying import Backoff, retry
from sluice.aws.transient import cancellation_reasons, is_conflict
from sluice.limits import MAX_BATCH_GET_KEYS

_WRITE_ATTEMPTS = 6
_READ_ATTEMPTS = 8
_BASE_SECONDS = 0.05
_CAP_SECONDS = 2.0
_CONDITION_FAILED = "ConditionalCheckFailed"

Item = dict[str, Any]
Answer = Mapping[str, Any]


class ItemReader(Protocol):
    """The call of a low-level DynamoDB client that reads many items."""

    def batch_get_item(self, **request: Any) -> Answer:
        """Call BatchGetItem."""


class DynamoDB(ItemReader, Protocol):
    """The calls of a low-level DynamoDB client that a table needs."""

    def query(self, **request: Any) -> Answer:
        """Call Query."""

    def get_item(self, **request: Any) -> Answer:
        """Call GetItem."""

    def update_item(self, **request: Any) -> Answer:
        """Call UpdateItem."""

    def delete_item(self, **request: Any) -> Answer:
        """Call DeleteItem."""

    def transact_write_items(self, **request: Any) -> Answer:
        """Call TransactWriteItems."""


@dataclass(frozen=True, slots=True)
class Update:
    """What became of a conditional write, and the item as it was ``before``; None where there was none."""

    done: bool
    before: Item | None


@dataclass(frozen=True, slots=True)
class Table:
    """A table, and the client that its calls go through."""

    client: DynamoDB
    name: str

    def pages(self, **query: Any) -> Iterator[Item]:
        """Yield what a query finds, on all its pages."""
        while True:
            page = self.client.query(TableName=self.name, **query)
            yield from page["Items"]
            if "LastEvaluatedKey" not in page:
                return
            query["ExclusiveStartKey"] = page["LastEvaluatedKey"]

    def item(self, key: Item) -> Item | None:
        """Return the item of a key as it is now, or None."""
        found = self.client.get_item(TableName=self.name, Key=key, ConsistentRead=True)
        item: Item | None = found.get("Item")
        return item

    def items(self, keys: Sequence[Item]) -> Iterator[Item]:
        """Yield the items of these keys as they are now, in any order, those that there are."""
        yield from read_items(self.client, self.name, keys)

    def update(
        self,
        key: Item,
        update: str,
        condition: str,
        names: dict[str, str],
        values: Item,
        *,
        is_own: Callable[[Item], bool] | None = None,
    ) -> bool:
        """Update an item; return False when its condition does not hold.

        A write whose answer was lost is repeated by the SDK, and its condition does not hold any more because
        of itself: ``is_own`` says so of the item as it is.
        """
        if is_own is None:
            return self._update(key, update, condition, names, values).done
        done = self._update(
            key, update, condition, names, values, ReturnValuesOnConditionCheckFailure="ALL_OLD"
        )
        return done.done or (done.before is not None and is_own(done.before))

    def try_update(
        self, key: Item, update: str, condition: str, names: dict[str, str], values: Item
    ) -> Update:
        """Update an item, and return it as it was before: a read that costs no call.

        https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_UpdateItem.html
        """
        returned = {"ReturnValues": "ALL_OLD", "ReturnValuesOnConditionCheckFailure": "ALL_OLD"}
        return self._update(key, update, condition, names, values, **returned)

    def _update(
        self, key: Item, update: str, condition: str, names: dict[str, str], values: Item, **returned: str
    ) -> Update:
        request = {
            "UpdateExpression": update,
            "ConditionExpression": condition,
            "ExpressionAttributeNames": names,
            "ExpressionAttributeValues": values,
            **returned,
        }
        try:
            answer = _write(lambda: self.client.update_item(TableName=self.name, Key=key, **request))
        except ClientError as error:
            if error.response["Error"]["Code"] == "ConditionalCheckFailedException":
                found: Mapping[str, Any] = error.response
                return Update(done=False, before=found.get("Item"))
            raise
        return Update(done=True, before=answer.get("Attributes"))

    def delete(self, key: Item) -> None:
        """Delete the item of a key, if there is one."""
        self.client.delete_item(TableName=self.name, Key=key)

    def transact(self, writes: Sequence[Item]) -> None:
        """Do all of these writes or none.

        Raises ClientError when none was done; the functions below say why.
        """
        _write(lambda: self.client.transact_write_items(TransactItems=writes))

    def try_transact(self, writes: Sequence[Item]) -> set[int]:
        """Do all of these writes or none; return the positions of those whose conditions do not hold, no
        position when all was done.
        """
        try:
            self.transact(writes)
        except ClientError as error:
            if not condition_failed(error):
                raise
            return failed_conditions(error)
        return set()


def read_items(client: ItemReader, table: str, keys: Sequence[Item], **options: Any) -> Iterator[Item]:
    """Yield the items of these keys as they are now, in any order; ``options`` are further members of the
    request, such as a projection.

    The keys that DynamoDB did not get to must not be asked for at once:
    https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html
    """
    for start in range(0, len(keys), MAX_BATCH_GET_KEYS):
        backoff = Backoff(attempts=_READ_ATTEMPTS, base=_BASE_SECONDS, cap=_CAP_SECONDS)
        left = list(keys[start : start + MAX_BATCH_GET_KEYS])
        while left:
            request = {"Keys": left, "ConsistentRead": True, **options}
            answer = client.batch_get_item(RequestItems={table: request})
            yield from answer["Responses"].get(table, [])
            unprocessed = answer.get("UnprocessedKeys") or {}
            left = unprocessed.get(table, {}).get("Keys", [])
            if left and not backoff.try_again():
                raise _unprocessed(len(left))


def condition_failed(error: ClientError) -> bool:
    """Return whether a transaction was cancelled because a condition does not hold."""
    return bool(failed_conditions(error))


def failed_conditions(error: ClientError) -> set[int]:
    """Return the positions, in a cancelled transaction, of the writes whose conditions do not hold."""
    reasons = enumerate(cancellation_reasons(error))
    return {position for position, reason in reasons if reason == _CONDITION_FAILED}


def _write(write: Callable[[], Answer]) -> Answer:
    """Repeat a write that met another one in flight, or a table that was busy."""
    return retry(write, Backoff(attempts=_WRITE_ATTEMPTS, base=_BASE_SECONDS), when=is_conflict)


def _unprocessed(keys: int) -> ClientError:
    """Return the error that DynamoDB answers itself when it gets to none of the keys."""
    message = f"DynamoDB did not get to {keys} keys in {_READ_ATTEMPTS} attempts."
    response: Any = {
        "Error": {"Code": "ProvisionedThroughputExceededException", "Message": message},
        "ResponseMetadata": {"HTTPStatusCode": 400},
    }
    return ClientError(response, "BatchGetItem")
