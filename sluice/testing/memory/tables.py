"""DynamoDB with one table, in memory. tests/matrix/test_harness.py holds it to what moto answers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sluice.testing.memory.expressions import Item, comparable, holds, updated
from sluice.testing.memory.refusals import refusal

Key = tuple[str, str]
_CHECKED = {
    "Put": "put_item",
    "Update": "update_item",
    "Delete": "delete_item",
    "ConditionCheck": "condition_check",
}


class Table:
    """The calls of a low-level client; every write is atomic where one caller runs at a time."""

    def __init__(self, name: str, written: Callable[[Key, Item], None] = lambda key, item: None) -> None:
        """Hold nothing; ``written`` is called with every item as it is after a write."""
        self.name = name
        self._written = written
        self.items: dict[Key, Item] = {}
        self._partitions: dict[str, set[Key]] = {}
        self._tokens: set[str] = set()

    def put_item(self, **request: Any) -> dict[str, Any]:
        """Write an item."""
        self._check(request, request["Item"])
        self._write(_key(request["Item"]), dict(request["Item"]))
        return {}

    def update_item(self, **request: Any) -> dict[str, Any]:
        """Change an item, or begin one."""
        self._check(request, request["Key"])
        before = self.items.get(_key(request["Key"]))
        key, names, values = (
            _key(request["Key"]),
            request.get("ExpressionAttributeNames", {}),
            request.get("ExpressionAttributeValues", {}),
        )
        self._write(
            key,
            updated(
                request["UpdateExpression"], {**request["Key"], **self.items.get(key, {})}, names, values
            ),
        )
        return {"Attributes": dict(before)} if before and request.get("ReturnValues") == "ALL_OLD" else {}

    def delete_item(self, **request: Any) -> dict[str, Any]:
        """Remove an item, if it is there."""
        self._check(request, request["Key"])
        self.items.pop(_key(request["Key"]), None)
        return {}

    def get_item(self, **request: Any) -> dict[str, Any]:
        """Return an item."""
        found = self.items.get(_key(request["Key"]))
        return {"Item": dict(found)} if found else {}

    def batch_get_item(self, **request: Any) -> dict[str, Any]:
        """Return several items."""
        keys = [_key(key) for key in request["RequestItems"][self.name]["Keys"]]
        return {
            "Responses": {self.name: [dict(self.items[key]) for key in keys if key in self.items]},
            "UnprocessedKeys": {},
        }

    def transact_write_items(self, **request: Any) -> dict[str, Any]:
        """Write all or nothing; the same token again is the same request.

        Source: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html
        """
        token = request.get("ClientRequestToken", "")
        if token in self._tokens:
            return {}
        writes = [(kind, write) for entry in request["TransactItems"] for kind, write in entry.items()]
        self._check_all([write for _, write in writes])
        for kind, write in writes:
            if kind != "ConditionCheck":
                getattr(self, _CHECKED[kind])(**write)
        if token:
            self._tokens.add(token)
        return {}

    def _check_all(self, writes: list[dict[str, Any]]) -> None:
        """Refuse a transaction when the condition of one of its writes does not hold."""
        failed = [not self._may(write, write.get("Item") or write["Key"]) for write in writes]
        if any(failed):
            reasons = [{"Code": "ConditionalCheckFailed" if one else "None"} for one in failed]
            raise refusal("TransactionCanceledException", "TransactWriteItems", reasons=reasons)

    def query(self, **request: Any) -> dict[str, Any]:
        """Return the items of a partition, or of the sparse index, in order."""
        order = "created_at" if request.get("IndexName") else "sk"
        names, values = request.get("ExpressionAttributeNames", {}), request["ExpressionAttributeValues"]
        near = self._near(request, values)
        found = [item for item in near if holds(request["KeyConditionExpression"], item, names, values)]
        found.sort(
            key=lambda item: comparable(item[order]), reverse=not request.get("ScanIndexForward", True)
        )
        found = found[: request.get("Limit")]
        if request.get("IndexName"):
            found = [
                {name: item[name] for name in ("pk", "sk", "unfinished", "created_at")} for item in found
            ]
        return {"Items": [dict(item) for item in found], "Count": len(found)}

    def _near(self, request: dict[str, Any], values: Item) -> list[Item]:
        """Return the items among which a query's are: those of its partition, or those that are in the
        index.
        """
        if request.get("IndexName"):
            return [item for item in self.items.values() if "unfinished" in item]
        keys = {key for value in values.values() for key in self._partitions.get(value.get("S", ""), ())}
        return [self.items[key] for key in keys if key in self.items]

    def _write(self, key: Key, item: Item) -> None:
        self.items[key] = item
        self._partitions.setdefault(key[0], set()).add(key)
        self._written(key, item)

    def _check(self, request: dict[str, Any], key: Item) -> None:
        if not self._may(request, key):
            error = refusal("ConditionalCheckFailedException", "Write")
            asked = request.get("ReturnValuesOnConditionCheckFailure") == "ALL_OLD"
            if asked and (found := self.items.get(_key(key))):
                error.response["Item"] = dict(found)  # type: ignore[typeddict-unknown-key]
            raise error

    def _may(self, request: dict[str, Any], key: Item) -> bool:
        if request["TableName"] != self.name:
            raise refusal("ResourceNotFoundException", "Write")
        names, values = (
            request.get("ExpressionAttributeNames", {}),
            request.get("ExpressionAttributeValues", {}),
        )
        return holds(request.get("ConditionExpression"), self.items.get(_key(key), {}), names, values)


def _key(item: Item) -> Key:
    return item["pk"]["S"], item["sk"]["S"]
