"""A transaction that fails has changed nothing, whatever the tests let it share."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.sluice.clouds import TABLE, dynamodb


def _key(pk: str, sk: str = "s") -> dict[str, Any]:
    return {"pk": {"S": pk}, "sk": {"S": sk}}


def _update(pk: str, sk: str = "s") -> dict[str, Any]:
    return {
        "Update": {
            "TableName": TABLE,
            "Key": _key(pk, sk),
            "UpdateExpression": "SET #l.#k = :v ADD n :one",
            "ExpressionAttributeNames": {"#l": "map", "#k": "k"},
            "ExpressionAttributeValues": {":v": {"S": "new"}, ":one": {"N": "1"}},
        }
    }


def _operations(check: str) -> list[dict[str, Any]]:
    """Return a transaction over several partitions, which succeeds where the last item does not exist."""
    absent = {"TableName": TABLE, "Key": _key(check), "ConditionExpression": "attribute_not_exists(pk)"}
    return [
        _update("a"),
        _update("b", "t"),
        {"Put": {"TableName": TABLE, "Item": _key("b", "u")}},
        {"Put": {"TableName": TABLE, "Item": _key("new")}},
        {"Delete": {"TableName": TABLE, "Key": _key("c")}},
        {"ConditionCheck": absent},
    ]


def test_a_transaction_that_fails_changes_nothing_and_one_that_succeeds_all() -> None:
    """Updates in place, new items and deleted ones, in partitions that there are and that there are not."""

    def stored(client: Any) -> dict[tuple[str, str], Any]:
        items = client.scan(TableName=TABLE)["Items"]
        return {(one["pk"]["S"], one["sk"]["S"]): one for one in items}

    with dynamodb() as client:
        for pk, sk in (("a", "s"), ("a", "t"), ("b", "t"), ("c", "s"), ("other", "s")):
            client.put_item(TableName=TABLE, Item={**_key(pk, sk), "map": {"M": {}}, "n": {"N": "1"}})
        before = stored(client)
        with pytest.raises(ClientError, match="TransactionCanceledException"):
            client.transact_write_items(TransactItems=_operations("other"))
        assert stored(client) == before
        client.transact_write_items(TransactItems=_operations("nowhere"))
        after = stored(client)
        changed = {key for key in before.keys() | after.keys() if before.get(key) != after.get(key)}
        assert changed == {("a", "s"), ("b", "t"), ("b", "u"), ("new", "s"), ("c", "s")}
        assert after["a", "s"]["n"] == {"N": "2"}
        assert after["a", "s"]["map"] == {"M": {"k": {"S": "new"}}}
