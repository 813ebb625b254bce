"""Queues of runs in the ledger's table, filled and emptied side by side."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from sluice.ledger.pauses import PausedError, Pauses
from sluice.ordering.run_queue import Holder, QueueKey
from sluice.ordering.run_queues import RunQueues
from sluice.run.concurrency import Concurrency
from sluice.run.state import RunState
from tests.sluice.clouds import Harness, dynamodb
from tests.sluice.ordering.runs import NAME, limited, run_id, run_number, states

NOW = datetime(2026, 1, 1, tzinfo=UTC)
KEY = QueueKey(NAME, "")


@pytest.fixture
def harness() -> Iterator[Harness]:
    """A fresh ledger."""
    with dynamodb() as client:
        yield Harness(client)


def queues(harness: Harness) -> RunQueues:
    """Return the queues of its table."""
    return RunQueues(harness.ledger.table)


def test_of_runs_that_come_side_by_side_one_begins(harness: Harness) -> None:
    """Each has a place of its own."""
    graph, found = limited(), queues(harness)

    def arrive(number: int) -> RunState:
        arrival = found.arrive(run_number(number, graph), Concurrency(1), NOW)
        assert arrival is not None
        return arrival.run.state

    with ThreadPoolExecutor(4) as pool:
        came = list(pool.map(arrive, range(6)))
    assert sorted(came) == [RunState.RUNNING, *[RunState.WAITING] * 5]
    assert len({one.place for one in found.waiting(KEY, 10)}) == 5


def test_a_cancelled_run_is_passed_over_and_forgotten(harness: Harness) -> None:
    """Also several, and none behind them."""
    graph, found = limited(), queues(harness)
    for number in range(4):
        found.arrive(run_number(number, graph), Concurrency(1), NOW)
    for number in (1, 2, 3):
        harness.ledger.finish(run_id(number), RunState.CANCELLED, NOW.isoformat())
    assert found.turn(KEY, [Holder(run_id(0))], NOW) == ()
    queue = found.load(KEY)
    assert queue is not None
    assert queue.is_idle
    assert found.waiting(KEY, 10) == []


def test_a_run_that_the_ledger_has_arrives_no_more(harness: Harness) -> None:
    """Nothing of the queue changes."""
    found, run = queues(harness), run_number(0, limited())
    assert found.arrive(run, Concurrency(1), NOW) is not None
    before = found.load(KEY)
    assert found.arrive(run, Concurrency(1), NOW) is None
    assert found.load(KEY) == before


def test_a_run_of_a_paused_pipeline_does_not_arrive(harness: Harness) -> None:
    """Nothing of the queue changes either; what was there arrived before, and a person may have it come."""
    found, pauses = queues(harness), Pauses(harness.ledger.table.client, harness.ledger.table.name)
    assert found.arrive(run_number(0, limited()), Concurrency(1), NOW) is not None
    before = found.load(KEY)
    assert pauses.pause(NAME, "", NOW.isoformat())
    with pytest.raises(PausedError):
        found.arrive(run_number(1, limited()), Concurrency(1), NOW)
    assert found.arrive(run_number(0, limited()), Concurrency(1), NOW) is None
    assert found.load(KEY) == before
    assert found.arrive(run_number(1, limited()), Concurrency(1), NOW, anyway=True) is not None


def test_an_old_version_says_that_a_newer_one_came(harness: Harness) -> None:
    """As a run without a limit does."""
    found, graph = queues(harness), limited(per="object")
    found.arrive(run_number(1, graph, "02"), Concurrency(1, "object"), NOW)
    old = found.arrive(run_number(0, graph, "01"), Concurrency(1, "object"), NOW)
    assert old is not None
    assert old.run.trigger["newer_version"] == "v1"


def test_a_run_from_before_the_limit_can_be_resumed_into_a_queue(harness: Harness) -> None:
    """It has no place of its own yet, and is the next."""
    found, graph = queues(harness), limited()
    free = replace(graph, concurrency=None)
    assert harness.advancer().start(run_number(0, free))
    harness.ledger.finish(run_id(0), RunState.FAILED, NOW.isoformat())
    failed = harness.ledger.load(run_id(0))
    assert failed is not None
    assert harness.ledger.reopen(replace(failed, pipeline=graph))
    reopened = harness.ledger.load(run_id(0))
    assert reopened is not None
    assert reopened.state is RunState.WAITING
    found.enter(replace(reopened, pipeline=graph), Concurrency(1), NOW)
    found.enter(replace(reopened, pipeline=graph), Concurrency(1), NOW)
    assert [one.run_id for one in found.waiting(KEY, 10)] == [run_id(0)]
    assert found.turn(KEY, (), NOW) == (run_id(0),)
    assert states(harness, 1) == "R"
