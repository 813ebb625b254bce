"""Events about runs are sent to EventBridge."""

from __future__ import annotations

import json

import pytest

from tests.lambdas.conftest import Aws
from tests.lambdas.runs import begin, events_of


def test_a_state_is_sent_as_an_event(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    """RUNNING when the run begins, the end when it ends."""
    begin(aws, 0)
    events = events_of(aws, monkeypatch)
    assert aws.call("alert", *(message["Body"] for message in aws.received("alerts"))) == []
    [event] = events
    assert (event["Source"], event["DetailType"]) == ("sluice", "Run State Change")
    assert json.loads(event["Detail"])["state"] == "RUNNING"


def test_an_event_that_eventbridge_refuses_comes_again(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    """PutEvents answers 200 for an entry that it refuses."""
    begin(aws, 0)
    [message] = aws.received("alerts")
    events_of(aws, monkeypatch, failed=1)
    assert aws.call("alert", message["Body"]) == ["0"]
