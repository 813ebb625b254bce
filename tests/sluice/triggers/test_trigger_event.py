"""What started a run: how it is stored, described, and handed to a command."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sluice.triggers.trigger_event import (
    Request,
    ScheduledTime,
    UploadGroup,
    argument,
    described,
    stored_trigger,
)

GROUP = UploadGroup(
    bucket="inbox",
    prefix="words/in-",
    suffix=".txt",
    group="g-1",
    files=1200,
    work_bucket="work",
    manifest="runs/r/items",
)


@pytest.mark.parametrize(
    ("trigger", "expected"),
    [
        (GROUP, "s3://work/runs/r/items"),
        (Request(token="t", input={"žluť": [1, None]}), '{"žluť":[1,null]}'),
        (Request(token="t", input="plain text"), "plain text"),
        (Request(token="t"), "null"),
        (ScheduledTime(time="2030-01-31T09:00:00Z", expression="rate(1 day)", input=5), "5"),
    ],
)
def test_what_a_command_gets(trigger: Any, expected: str) -> None:
    """The address of the list for a group; the input as JSON, or the text that it is."""
    assert argument(trigger.to_dict()) == expected


def test_a_group_is_described_and_stored_as_what_it_is() -> None:
    """Its words, its way through the ledger, and its identity, which is the group's alone."""
    assert stored_trigger(json.loads(json.dumps(GROUP.to_dict()))) == GROUP
    assert described(GROUP.to_dict()) == "s3://inbox/words/in-*.txt (1,200 files)"
    assert GROUP.identity() == {"group": "g-1"}
