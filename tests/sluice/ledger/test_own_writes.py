"""A write whose answer is lost is repeated by the SDK: it is not taken for somebody else's."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from sluice.ledger.idempotency import DeliveryRecords
from sluice.ledger.ledger import Ledger
from sluice.run.decision import decide
from sluice.run.state import Run, RunState
from sluice.triggers.webhook_deliveries import DeliveryRecord
from tests.sluice.clouds import TABLE, Harness, dynamodb
from tests.sluice.graphs import RUN_ID, pipeline, step

NOW, LATER = "2026-01-01T00:00:05.000+00:00", "2026-01-01T00:05:00.000+00:00"


class Repeating:
    """DynamoDB behind an SDK that repeats each update: the first answer is lost."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def update_item(self, **request: Any) -> Any:
        """Update an item twice."""
        self._client.update_item(**request)
        return self._client.update_item(**request)


@pytest.fixture
def harness() -> Iterator[Harness]:
    """A fresh ledger."""
    with dynamodb() as client:
        yield Harness(client)


def _begun(harness: Harness) -> Ledger:
    run = Run(run_id=RUN_ID, pipeline=pipeline(step("a")), trigger={}, created_at=NOW)
    assert harness.ledger.start(run, decide(run.pipeline, {}).submissions)
    return Ledger(Repeating(harness.client), TABLE)


def _renews(ledger: Ledger) -> bool:
    run = ledger.load(RUN_ID)
    assert run is not None
    return ledger.renew_claim(RUN_ID, run.steps["a"], LATER)


def _finishes(ledger: Ledger) -> bool:
    return ledger.finish(RUN_ID, RunState.CANCELLED, NOW)


def _reopens(ledger: Ledger) -> bool:
    assert ledger.finish(RUN_ID, RunState.FAILED, NOW, "a")
    run = ledger.load(RUN_ID)
    assert run is not None
    return ledger.reopen(run)


@pytest.mark.parametrize("write", [_renews, _finishes, _reopens])
def test_ones_own_repetition_is_no_refusal(write: Callable[[Ledger], bool], harness: Harness) -> None:
    """Its condition does not hold any more because of itself."""
    assert write(_begun(harness))


def test_somebody_elses_is_one(harness: Harness) -> None:
    """Of two who take a claim over in the same moment one has it; a run ends once."""
    _begun(harness)
    run = harness.ledger.load(RUN_ID)
    assert run is not None
    assert harness.ledger.renew_claim(RUN_ID, run.steps["a"], LATER)
    assert not harness.ledger.renew_claim(RUN_ID, run.steps["a"], LATER)
    assert harness.ledger.finish(RUN_ID, RunState.FAILED, NOW, "a")
    assert not harness.ledger.finish(RUN_ID, RunState.CANCELLED, NOW)


def test_a_webhooks_sender_is_not_told_of_a_replay_that_is_none(harness: Harness) -> None:
    """The record that is there is the one that was just written."""
    records = DeliveryRecords(Repeating(harness.client), TABLE)
    now = datetime.now(UTC).isoformat()
    assert records.write(RUN_ID, DeliveryRecord(at=5, digest="d"), now)
    assert not records.write(RUN_ID, DeliveryRecord(at=5, digest="other"), now)
