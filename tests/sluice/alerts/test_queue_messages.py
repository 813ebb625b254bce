"""The messages of the alert queue are read as what they are, and all else is refused."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sluice.alerts.queue_messages import BLOCKED_EVENT, QueueBlocked, parse_alert
from sluice.alerts.run_events import RunChanged
from sluice.errors import MalformedMessageError
from sluice.messages import LATE, EnvironmentInvalid, Message, RunDelayed, RunFailed
from tests.sluice.graphs import RUN_ID

CHANGED = RunChanged(
    run="r",
    pipeline="p",
    changed_to="RUNNING",
    began="b",
    at="a",
    input="i",
    failed_step="",
    reason="",
    round=0,
)


@pytest.mark.parametrize(
    "message",
    [
        RunFailed(run="r", step="s", generation=2),
        RunDelayed(run="r", delay=LATE, why="w"),
        EnvironmentInvalid(environment="e", reason="r"),
        CHANGED,
    ],
    ids=lambda message: type(message).__name__,
)
def test_a_message_is_read_as_it_was_written(message: Message) -> None:
    """Its fields say which one it is."""
    assert parse_alert(message.to_json()) == message


def blocked(**detail: Any) -> str:
    """Return an event of a blocked queue."""
    facts = {"jobQueue": "arn:aws:batch:r:1:job-queue/normal", "jobId": "j", "jobName": f"{RUN_ID}_a_0"}
    return json.dumps({"detail-type": BLOCKED_EVENT, "detail": facts | detail})


def test_an_event_of_a_blocked_queue_is_read_with_its_run() -> None:
    """AWS may leave out the reason."""
    message = parse_alert(blocked())
    assert isinstance(message, QueueBlocked)
    assert message.name is not None
    assert (message.name.run_id, message.name.step, message.queue_name) == (RUN_ID, "a", "normal")
    assert message.reason == "AWS Batch gave no reason"


@pytest.mark.parametrize(
    "body",
    [blocked(jobId=5), json.dumps({"detail-type": "Another Event"}), json.dumps({"run": "r"}), "[]", "{"],
)
def test_other_messages_are_refused(body: str) -> None:
    """They are set aside with the reason."""
    with pytest.raises(MalformedMessageError, match="Expected "):
        parse_alert(body)
