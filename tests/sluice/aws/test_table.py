"""The table asks again for what DynamoDB did not get to, with pauses, and not for ever."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from sluice.aws.table import Item, Table
from sluice.aws.transient import is_transient
from tests.sluice.clouds import TABLE, dynamodb


def key(number: int) -> Item:
    """Return a key."""
    return {"pk": {"S": str(number)}}


class Busy:
    """A DynamoDB that gets to ``processed`` keys of each of its first ``busy`` BatchGetItem calls."""

    def __init__(self, busy: int, processed: int = 0) -> None:
        """Have been asked for nothing."""
        self.busy, self.processed = busy, processed
        self.asked: list[int] = []

    def batch_get_item(self, **request: Any) -> dict[str, Any]:
        """Answer some of the keys, and name the others as unprocessed."""
        keys = request["RequestItems"]["t"]["Keys"]
        assert request["RequestItems"]["t"]["ConsistentRead"]
        self.asked.append(len(keys))
        found = len(keys)
        if self.busy:
            self.busy, found = self.busy - 1, self.processed
        left = {"t": {"Keys": keys[found:]}} if found < len(keys) else {}
        return {"Responses": {"t": keys[:found]}, "UnprocessedKeys": left}


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses."""
    found: list[float] = []
    monkeypatch.setattr("time.sleep", found.append)
    return found


def items(client: Any, count: int) -> list[Item]:
    """Return what a table finds of so many keys."""
    return list(Table(client, "t").items([key(number) for number in range(count)]))


@pytest.mark.parametrize("processed", [0, 1])
def test_unprocessed_keys_are_asked_again_after_a_pause(slept: list[float], processed: int) -> None:
    """Each item is there once, whether DynamoDB got to some of the keys or to none."""
    client = Busy(busy=3, processed=processed)
    assert items(client, 5) == [key(number) for number in range(5)]
    assert client.asked == [5, 5 - processed, 5 - 2 * processed, 5 - 3 * processed]
    assert len(slept) == 3
    assert all(0 <= pause <= 0.05 * 2**number for number, pause in enumerate(slept))


def test_a_read_that_never_ends_is_a_transient_error(slept: list[float]) -> None:
    """After eight attempts: the caller may try again."""
    client = Busy(busy=100)
    with pytest.raises(ClientError, match="did not get to 5 keys in 8 attempts") as raised:
        items(client, 5)
    assert is_transient(raised.value)
    assert (len(client.asked), len(slept)) == (8, 7)


def test_keys_are_read_a_hundred_a_call(slept: list[float]) -> None:
    """DynamoDB takes no more; nothing is waited for."""
    client = Busy(busy=0)
    assert len(items(client, 250)) == 250
    assert (client.asked, slept) == ([100, 100, 50], [])


def test_a_transaction_says_which_of_its_conditions_do_not_hold() -> None:
    """Then nothing is written; any other refusal is an error."""
    with dynamodb() as client:
        table = Table(client, TABLE)

        def put(number: int, *, is_new: bool = False) -> Item:
            item = {"pk": {"S": str(number)}, "sk": {"S": "-"}}
            condition = {"ConditionExpression": "attribute_not_exists(pk)"} if is_new else {}
            return {"Put": {"TableName": TABLE, "Item": item, **condition}}

        assert table.try_transact([put(1), put(2, is_new=True)]) == set()
        assert table.try_transact([put(3), put(1, is_new=True), put(2, is_new=True)]) == {1, 2}
        assert table.item({"pk": {"S": "3"}, "sk": {"S": "-"}}) is None
        with pytest.raises(ClientError, match="TransactWriteItems"):
            table.try_transact([{"Put": {"TableName": TABLE, "Item": {"pk": {"S": "1"}}}}])
