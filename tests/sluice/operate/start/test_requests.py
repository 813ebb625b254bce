"""Requests for a run."""

from __future__ import annotations

import json

import pytest

from sluice.operate.errors import OperationError, RequestError
from sluice.operate.start.requests import request_run
from sluice.pipeline.definition import Manual
from sluice.pipeline.trigger_names import MANUAL
from sluice.triggers.trigger_event import MAX_INPUT_BYTES, Request
from tests.sluice.operate.harness import OperateHarness
from tests.sluice.operate.start.inbox import TEXTS, Events, words


def test_the_same_token_is_the_same_run(bus: Events) -> None:
    """The event has the pipeline, the token and the input; the id is that of the token."""
    ids = [request_run(bus, words(Manual()), token, {"n": 1}) for token in ("t", "t", "u")]
    assert ids[0] == ids[1] != ids[2]
    assert ids[0] == OperateHarness.run_id_of("words", MANUAL, {"token": "t", "input": {"n": 1}})
    assert json.loads(bus.sent[0]["Detail"]) == {
        "pipeline": "words",
        "token": "t",
        "input": {"n": 1},
        "stack_prefix": "Sluice",
    }
    assert Request(token="t").identity() == {"token": "t"}


def test_a_request_that_cannot_be(bus: Events) -> None:
    """A pipeline that takes none, an input that is too large, and an event that the bus refuses: each is
    an error, and nothing has begun.
    """
    with pytest.raises(RequestError, match="Expected a Manual trigger of words, found none"):
        request_run(bus, words(TEXTS), "t", None)
    with pytest.raises(RequestError, match=f"at most {MAX_INPUT_BYTES} bytes"):
        request_run(bus, words(Manual()), "t", "x" * MAX_INPUT_BYTES)
    assert bus.sent == []
    refusing = Events(
        {
            "FailedEntryCount": 1,
            "Entries": [{"ErrorCode": "ThrottlingException", "ErrorMessage": "slow down"}],
        }
    )
    with pytest.raises(OperationError, match=r"ThrottlingException: slow down\. Nothing has begun"):
        request_run(refusing, words(Manual()), "t", None)
