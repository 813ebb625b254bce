"""Pauses in the ledger: what may begin, what is kept, and when a pause is over."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import botocore.session
import pytest
from moto import mock_aws

from sluice.ledger.ledger import Ledger
from sluice.ledger.pauses import SHARDS, PausedError, Pauses, PauseState, arrived_now
from sluice.run.decision import decide
from sluice.run.state import Run
from tests.sluice.clouds import TABLE, make_table
from tests.sluice.graphs import word_count

NAME = word_count().name
NOW = "2026-11-28T00:00:00.000+00:00"


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A client of DynamoDB with an empty ledger."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    with mock_aws():
        found = botocore.session.get_session().create_client("dynamodb", region_name="us-east-1")
        make_table(found)
        yield found


def begin(client: Any, number: int, *, anyway: bool = False) -> bool:
    """Begin a run of word-count."""
    run = Run(run_id=f"word-count-{number:020d}", pipeline=word_count(), trigger={}, created_at=NOW)
    return Ledger(client, TABLE).start(run, decide(run.pipeline, {}).submissions, anyway=anyway)


def test_no_run_of_a_paused_pipeline_begins_and_all_others_do(client: Any) -> None:
    """Whatever its shard; one that has begun is known to have; a person may start one all the same."""
    pauses = Pauses(client, TABLE)
    assert begin(client, 0)
    assert pauses.pause(NAME, "maintenance", NOW)
    assert pauses.pause("other", "", NOW)
    for number in range(1, 3 * SHARDS):
        with pytest.raises(PausedError):
            begin(client, number)
    assert Ledger(client, TABLE).load(f"word-count-{1:020d}") is None
    assert not begin(client, 0)
    assert begin(client, 1, anyway=True)
    assert [one.pipeline for one in pauses.all()] == sorted(["other", NAME])


def test_a_message_is_kept_once_in_the_order_of_arrival(client: Any) -> None:
    """The same event again, whenever, is the same message."""
    pauses = Pauses(client, TABLE)
    assert not pauses.keep(NAME, "r0", "{}", arrived_now())
    pauses.pause(NAME, "", NOW)
    for name in ("r2", "r1", "r2"):
        assert pauses.keep(NAME, name, f"body of {name}", arrived_now())
    assert [one.body for one in pauses.kept(NAME, 10)] == ["body of r2", "body of r1"]
    found = pauses.read(NAME)
    assert found is not None
    assert (found.kept, found.waiting) == (2, 2)


def test_a_pause_ends_when_nothing_waits_and_not_before(client: Any) -> None:
    """What is kept while the last one is released is released too; a second pause wins over the release."""
    pauses = Pauses(client, TABLE)
    pauses.pause(NAME, "", NOW)
    pauses.keep(NAME, "r1", "{}", arrived_now())
    assert pauses.release(NAME)
    before = pauses.read(NAME)
    assert before is not None
    assert before.state is PauseState.RELEASING
    (first,) = pauses.kept(NAME, 10)
    pauses.forget(NAME, first)
    pauses.forget(NAME, first)
    assert pauses.keep(NAME, "r2", "{}", arrived_now())
    assert not pauses.end(before)
    (second,) = pauses.kept(NAME, 10)
    pauses.forget(NAME, second)
    assert pauses.pause(NAME, "again", NOW)
    assert not pauses.end(before)
    assert not pauses.pause(NAME, "and again", NOW)
    pauses.release(NAME)
    assert pauses.end(before)
    assert pauses.read(NAME) is None
    assert begin(client, 1)
    assert not pauses.release(NAME)
    left = client.scan(TableName=TABLE)["Items"]
    assert {item["pk"]["S"] for item in left} == {f"RUN#word-count-{1:020d}"}
