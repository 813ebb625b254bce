"""Run Requested: the event on EventBridge's default bus that starts a run, and to which Sluice it is sent.

All Sluices of an account and Region share the bus. A request says by ``stack_prefix`` for which of them it
is; one that says nothing is for the Sluice with the default prefix. See docs/decisions/0031.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

SOURCE = "sluice"
DETAIL_TYPE = "Run Requested"
STACK_PREFIX = "stack_prefix"
DEFAULT_STACK_PREFIX = "Sluice"


def request_entry(
    pipeline: str,
    token: str,
    run_input: Any,
    overrides: Mapping[str, Any] | None,
    stack_prefix: str,
    *,
    anyway: bool = False,
) -> dict[str, str]:
    """Return the entry of a PutEvents request; ``overrides`` of None are left out. ``anyway`` starts a paused
    pipeline, too.

    https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html
    """
    optional: dict[str, Any] = {} if overrides is None else {"overrides": overrides}
    optional |= {"anyway": True} if anyway else {}
    detail = {
        "pipeline": pipeline,
        "input": run_input,
        **optional,
        "token": token,
        STACK_PREFIX: stack_prefix,
    }
    return {"Source": SOURCE, "DetailType": DETAIL_TYPE, "Detail": json.dumps(detail)}


def requests_to(stack_prefix: str, pipelines: list[object]) -> dict[str, object]:
    """Return the event pattern of the requests to a Sluice for ``pipelines``, which are in EventBridge's
    form.
    """
    not_addressed = [{"exists": False}] if stack_prefix == DEFAULT_STACK_PREFIX else []
    detail = {"pipeline": pipelines, STACK_PREFIX: [stack_prefix, *not_addressed]}
    return {"source": [SOURCE], "detail-type": [DETAIL_TYPE], "detail": detail}
