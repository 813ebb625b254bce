"""Pausing and unpausing, as people ask for it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from unittest.mock import Mock

import pytest
from moto import mock_aws

from sluice.ledger.pauses import Pauses, PauseState
from sluice.operate.errors import RequestError
from sluice.operate.pausing import Pauser, check_not_paused
from tests.sluice.clouds import TABLE
from tests.sluice.operate.harness import TRIGGER_QUEUE, OperateHarness

NOW = datetime(2026, 11, 28, tzinfo=UTC)


@pytest.fixture
def pauser(monkeypatch: pytest.MonkeyPatch) -> Iterator[Pauser]:
    """What pauses, over moto, with a queue that keeps nothing."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    with mock_aws():
        client = OperateHarness().clients["dynamodb"]
        yield Pauser(pauses=Pauses(client, TABLE), sqs=Mock(), trigger_queue=TRIGGER_QUEUE)


def test_a_pause_says_since_when_and_why_and_cannot_be_made_twice(pauser: Pauser) -> None:
    """What asks for a run is refused with both."""
    found = pauser.pause("words", "new schema", NOW)
    assert (found.state, found.reason, found.waiting) == (PauseState.PAUSED, "new schema", 0)
    with pytest.raises(RequestError, match=r"words paused since 2026-11-28T00:00:00.*: new schema"):
        pauser.pause("words", "", NOW)
    with pytest.raises(RequestError, match=r"words paused since .*: new schema\. What starts it is kept"):
        check_not_paused(pauser.pauses, "words")
    check_not_paused(pauser.pauses, "others")


def test_unpausing_asks_the_trigger_lambda_and_may_be_repeated(pauser: Pauser) -> None:
    """The state says that what was kept is being started; a pipeline that is not paused is refused."""
    with pytest.raises(RequestError, match="Expected a paused pipeline, found words, which is not"):
        pauser.unpause("words")
    pauser.pause("words", "", NOW)
    pauser.unpause("words")
    pauser.unpause("words")
    body = '{"version":1,"release":"words"}'
    assert [call.kwargs for call in pauser.sqs.send_message.call_args_list] == [  # type: ignore[attr-defined]
        {"QueueUrl": TRIGGER_QUEUE, "MessageBody": body}
    ] * 2
    (found,) = pauser.pauses.all()
    assert found.state is PauseState.RELEASING


def test_a_long_reason_is_refused(pauser: Pauser) -> None:
    """It would be in every list."""
    with pytest.raises(RequestError, match="at most 1000 characters, found 1001"):
        pauser.pause("words", "x" * 1001, NOW)
