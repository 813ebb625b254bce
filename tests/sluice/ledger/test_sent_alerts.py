"""Alerts that were sent can be looked up, of a pipeline and of all, with one Query."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from sluice.ledger.sent_alerts import MAX_CHARACTERS, SentAlert, SentAlerts
from tests.sluice.clouds import TABLE, dynamodb


@pytest.fixture
def client() -> Iterator[Any]:
    """A DynamoDB with the ledger's table."""
    with dynamodb() as found:
        yield found


def alert(minute: int, pipeline: str = "words", **more: Any) -> SentAlert:
    """Return an alert of a minute."""
    given = {"kind": "failed", "subject": f"Sluice: {minute}", "text": "why", "run": f"{pipeline}-a", **more}
    return SentAlert(at=f"2026-01-01T00:{minute:02d}:00.000+00:00", pipeline=pipeline, **given)


def test_the_newest_come_first_and_no_more_than_asked_for(client: Any) -> None:
    """Those of all, or of one pipeline."""
    sent = SentAlerts(client, TABLE)
    told = [alert(0), alert(1, "others"), alert(2), alert(3, "", kind="invalid", run="")]
    for one in told:
        sent.record(one)
    assert list(sent.newest(10)) == told[::-1]
    assert list(sent.newest(2)) == [told[3], told[2]]
    assert list(sent.newest(10, "words")) == [told[2], told[0]]
    assert list(sent.newest(10, "none-such")) == []


def test_two_alerts_of_one_moment_are_two(client: Any) -> None:
    """The same one, written twice, is one; a long one is cut, and all expire."""
    sent = SentAlerts(client, TABLE)
    for one in (alert(1), alert(1), alert(1, subject="Sluice: another", text="x" * 10_000)):
        sent.record(one)
    found = list(sent.newest(10, "words"))
    assert sorted(one.subject for one in found) == ["Sluice: 1", "Sluice: another"]
    assert max(len(one.text) for one in found) == MAX_CHARACTERS
    items = client.scan(TableName=TABLE)["Items"]
    assert all(int(item["expires_at"]["N"]) == 1_767_225_660 + 90 * 86_400 for item in items)
