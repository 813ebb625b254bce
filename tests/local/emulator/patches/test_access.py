"""Policies may ask for the source and the kind of the events that PutEvents is to send."""

from __future__ import annotations

import json
from typing import Any

import pytest

from local.emulator.patches.access import event_keys


@pytest.mark.parametrize(
    ("entries", "keys"),
    [
        ([("a", "k")], {"events:source": "a", "events:detail-type": "k"}),
        ([("a", "k"), ("a", "l")], {"events:source": "a", "events:detail-type": ["k", "l"]}),
        ([], {}),
    ],
)
def test_the_keys_are_those_of_all_entries(entries: list[tuple[str, str]], keys: dict[str, Any]) -> None:
    """One value, or several that all must be allowed."""
    body = json.dumps({"Entries": [{"Source": source, "DetailType": kind} for source, kind in entries]})
    assert event_keys(body.encode()) == keys


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"Entries": [5]}'])
def test_what_is_no_request_has_no_keys(body: bytes) -> None:
    """The service says what is wrong with it."""
    assert event_keys(body) == {}
