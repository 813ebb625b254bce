"""Runs as a version without the index of runs wrote them, and a client that lists without a Scan."""

from __future__ import annotations

from typing import Any

from sluice.ledger import listed as places
from tests.sluice.clouds import TABLE
from tests.sluice.operate.harness import OperateHarness


class Unscannable:
    """A client of DynamoDB that refuses a Scan, and counts the items that it returns."""

    def __init__(self, client: Any) -> None:
        self._client, self.items = client, 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def batch_get_item(self, **request: Any) -> Any:
        """Return items, and count them."""
        answer = self._client.batch_get_item(**request)
        self.items += sum(len(items) for items in answer["Responses"].values())
        return answer

    def get_paginator(self, name: str) -> Any:
        """Return the paginator of a Query."""
        assert name == "query", f"expected no {name}"
        return self._client.get_paginator(name)


def forget_listing(harness: OperateHarness, run_id: str) -> None:
    """Leave of a run what a version without the index wrote."""
    for row in harness.client.query(
        TableName=TABLE,
        KeyConditionExpression="pk = :pk AND begins_with(sk, :row)",
        ExpressionAttributeValues={":pk": {"S": f"RUN#{run_id}"}, ":row": {"S": places.ROW}},
    )["Items"]:
        harness.client.delete_item(TableName=TABLE, Key={"pk": row["pk"], "sk": row["sk"]})
    harness.client.update_item(
        TableName=TABLE,
        Key={"pk": {"S": f"RUN#{run_id}"}, "sk": {"S": "RUN"}},
        UpdateExpression="REMOVE listed, listed_at",
    )
