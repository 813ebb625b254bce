"""The messages of the queues: a reader refuses all that its sender does not promise to send."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sluice.errors import MalformedMessageError
from sluice.messages import GroupDue, GroupedUpload, Message, Planned, RunFailed, Triggered

UPLOAD: dict[str, Any] = {
    "pipeline": "p",
    "trigger": "s3:a/*",
    "definition": {"bucket": "b", "key": "k"},
    "detail": {},
}


@pytest.mark.parametrize(
    "message",
    [
        Triggered(**UPLOAD),
        GroupedUpload(**UPLOAD, within=60, of=3),
        GroupDue(pipeline="p", trigger="t", number=1),
        Planned(run="r", step="s", generation=0, job_id="j", items=3, manifest="m"),
        RunFailed(run="r", step="s"),
    ],
    ids=lambda message: type(message).__name__,
)
def test_a_message_is_read_as_it_was_written(message: Message) -> None:
    """Flat JSON with a version."""
    assert json.loads(message.to_json())["version"] == 1
    assert type(message).from_json(message.to_json()) == message


@pytest.mark.parametrize(
    "change",
    [{"version": 2}, {"version": True}, {"run": 5}, {"generation": -1}, {"generation": True}, {"more": 1}],
)
def test_other_fields_types_and_versions_are_refused(change: dict[str, Any]) -> None:
    """The error says what was expected."""
    body = json.dumps(json.loads(RunFailed(run="r", step="s").to_json()) | change)
    with pytest.raises(MalformedMessageError, match="Expected "):
        RunFailed.from_json(body)


@pytest.mark.parametrize("body", ["", "{", "[]", "1", '{"run": "r"}'])
def test_a_body_that_is_no_message_is_refused(body: str) -> None:
    """Reading it again cannot help."""
    with pytest.raises(MalformedMessageError, match="Expected "):
        RunFailed.from_json(body)
