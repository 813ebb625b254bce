"""Sends the request for a run, by the pipeline's name alone: also where no pipeline file can be read."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from sluice.operate.clients import EventBus
from sluice.operate.errors import OperationError, RequestError
from sluice.run.job_names import run_id
from sluice.triggers.request_event import DEFAULT_STACK_PREFIX, request_entry
from sluice.triggers.trigger_event import MAX_INPUT_BYTES, Request

MANUAL = "manual"
"""The name of a Manual trigger, as ``sluice.pipeline.trigger_names`` has it."""


def send_request(
    events: EventBus,
    pipeline: str,
    token: str,
    run_input: Any,
    overrides: Mapping[str, Any] | None = None,
    stack_prefix: str = DEFAULT_STACK_PREFIX,
    *,
    anyway: bool = False,
) -> str:
    """Send a request, and return the id of the run that begins; the same token requests the same run.
    ``anyway`` starts a paused pipeline, too.

    Raises RequestError for an input that is too large, OperationError when EventBridge does not take the
    event.
    """
    size = len(json.dumps(run_input).encode()) + len(json.dumps(overrides or {}).encode())
    if size > MAX_INPUT_BYTES:
        raise RequestError(
            f"Expected an input of at most {MAX_INPUT_BYTES} bytes of JSON, found {size}. Put it into an"
            " object and give its key."
        )
    entry = request_entry(pipeline, token, run_input, overrides, stack_prefix, anyway=anyway)
    answer = events.put_events(Entries=[entry])
    if answer.get("FailedEntryCount"):
        refused = answer["Entries"][0]
        raise OperationError(
            f"EventBridge refused the request: {refused.get('ErrorCode')}: {refused.get('ErrorMessage')}."
            " Nothing has begun; try again."
        )
    return run_id(pipeline, MANUAL, Request(token=token, input=run_input).identity())
