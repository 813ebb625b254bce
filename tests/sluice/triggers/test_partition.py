"""The partition key of a run."""

from __future__ import annotations

from typing import Any

import pytest

from sluice.triggers.partition import partition_of
from sluice.triggers.trigger_event import Request, S3Object, ScheduledTime


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        (S3Object(bucket="b", key="date=1/a", version_id="", etag="", size=0), {}),
        (
            Request(token="t", input={"date": "2026-01-31", "n": 7, "x": [1]}),
            {"date": "2026-01-31", "n": "7"},
        ),
        (Request(token="t", input="text"), {}),
        (ScheduledTime(time="2026-01-31T23:30:00Z", expression="e"), {"date": "2026-01-31", "hour": "23"}),
    ],
)
def test_a_key_comes_from_what_started_the_run(event: Any, expected: dict[str, str]) -> None:
    """The key of an object is no partition key."""
    assert partition_of(event.to_dict()) == expected


def test_the_key_of_a_set_is_taken_as_it_is() -> None:
    """Whatever kind of trigger has one."""
    assert partition_of({"kind": "file-set", "key": {"date": "2026-01-31"}}) == {"date": "2026-01-31"}
