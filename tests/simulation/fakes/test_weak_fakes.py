"""The weaknesses of the fakes are those that AWS documents, and no others."""

from __future__ import annotations

import random
from typing import Any

import pytest

from tests.matrix.actors import Actor, Actors
from tests.matrix.clock import Clock
from tests.simulation.fakes.weak_batch import BatchWeakness, WeakBatch
from tests.simulation.fakes.weak_table import TableWeakness, WeakTable

DRAW = random.Random(1)  # noqa: S311 - repeatable, not secret
KEYS = [{"pk": {"S": "run"}, "sk": {"S": f"{number}"}} for number in range(8)]


class Stage:
    """A table with a clock, and an actor that reads it."""

    def __init__(self, **weakness: float) -> None:
        self.actors = Actors(Clock())
        self.table = WeakTable(
            "ledger",
            lambda key, item: None,
            actors=self.actors,
            draw=DRAW,
            weakness=TableWeakness(**weakness),
        )
        self.reader = Actor(self.actors, "reader", "track", lambda: None, lambda *ended: None)

    def write(self, **more: str) -> None:
        """Write all items in one transaction, by nobody in particular."""
        self.actors.current = None
        values = {name: {"S": value} for name, value in more.items()}
        puts = [{"Put": {"TableName": "ledger", "Item": {**key, **values}}} for key in KEYS]
        self.table.transact_write_items(TransactItems=puts)
        self.actors.current = self.reader

    def read(self, **more: Any) -> list[Any]:
        """Query the partition now."""
        self.reader.call_began = self.actors.clock.seconds
        return self.query(**more)

    def query(self, **more: Any) -> list[Any]:
        """Query the partition by a call that began earlier."""
        return list(
            self.table.query(
                TableName="ledger",
                KeyConditionExpression="pk = :pk",
                ExpressionAttributeValues={":pk": {"S": "run"}},
                **more,
            )["Items"]
        )


def test_a_read_beside_a_transaction_sees_a_part_of_it() -> None:
    """Even a consistent one, and none that begins later."""
    stage = Stage(torn=1.0)
    stage.reader.call_began = 0.0
    stage.actors.clock.seconds = 0.1
    stage.write(value="new")
    assert 0 < len(stage.query(ConsistentRead=True)) < len(KEYS)
    assert len(stage.read(ConsistentRead=True)) == len(KEYS)


def test_only_a_read_that_need_not_be_consistent_is_stale() -> None:
    """By a second at most."""
    stage = Stage(stale=1.0)
    stage.write(value="new")
    stage.actors.clock.seconds += 0.2
    assert len(stage.read(ConsistentRead=True)) == len(KEYS)
    assert any(not stage.read() for _ in range(20))
    stage.actors.clock.seconds += 2
    assert len(stage.read()) == len(KEYS)


def test_the_index_lags() -> None:
    """An item comes later into it, and leaves it later."""
    stage = Stage(index_lag=30.0)
    query = {
        "TableName": "ledger",
        "IndexName": "unfinished",
        "KeyConditionExpression": "unfinished = :open",
        "ExpressionAttributeValues": {":open": {"S": "run"}},
    }
    stage.write(unfinished="run", created_at="2030")
    assert any(not stage.table.query(**query)["Items"] for _ in range(20))
    stage.actors.clock.seconds += 31
    assert len(stage.table.query(**query)["Items"]) == len(KEYS)


def test_some_keys_are_not_got_to() -> None:
    """They are named in the answer, and no item is in both."""
    stage = Stage(unprocessed=1.0)
    stage.write(value="new")
    stage.actors.current = None
    answer = stage.table.batch_get_item(RequestItems={"ledger": {"Keys": KEYS, "ConsistentRead": True}})
    left = answer["UnprocessedKeys"]["ledger"]["Keys"]
    assert left
    assert len(left) + len(answer["Responses"]["ledger"]) == len(KEYS)


class Listed:
    """A fleet with two jobs: an old one, and one that has ended a moment ago."""

    def __init__(self, clock: Clock) -> None:
        now = clock.milliseconds()
        self.jobs = [
            {"jobId": "old", "status": "SUCCEEDED", "createdAt": now - 900_000, "stoppedAt": now - 500_000},
            {"jobId": "ended", "status": "FAILED", "createdAt": now - 900_000, "stoppedAt": now - 1},
            {"jobId": "new", "status": "RUNNABLE", "createdAt": now - 1},
        ]
        self.ended: list[str] = []

    def call(self, name: str, request: dict[str, Any]) -> dict[str, Any]:
        """Answer."""
        if name == "terminate_jobs":
            self.ended += request["jobs"]
            return {}
        return {"jobSummaryList": self.jobs}


def test_a_listing_is_old() -> None:
    """A new job is not there, one that has ended is running, and a filter goes by that."""
    clock = Clock()
    fleet: Any = Listed(clock)
    weak = WeakBatch(fleet, clock, DRAW, BatchWeakness(list_lag=60.0))
    found = {job["jobId"]: job["status"] for job in weak.list_jobs(jobQueue="normal")["jobSummaryList"]}
    assert found == {"old": "SUCCEEDED", "ended": "RUNNING"}
    assert weak.list_jobs(arrayJobId="a", jobStatus="FAILED")["jobSummaryList"] == []


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_some_terminations_are_refused(share: float) -> None:
    """With an error for each."""
    clock = Clock()
    fleet: Any = Listed(clock)
    weak = WeakBatch(fleet, clock, DRAW, BatchWeakness(refused=share))
    answer = weak.terminate_jobs(jobs=["a", "b"], reason="enough")
    assert (len(answer["errors"]), len(fleet.ended)) == ((2, 0) if share else (0, 2))
