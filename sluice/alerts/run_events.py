"""Run State Change and Run Late: the events for other automation on EventBridge's default bus. docs/events.md
describes them.

The Lambda that changes a run's state puts a message into the alert queue before it records the end, as it
does with a failure, and the alert Lambda sends the event: a failure of EventBridge never delays a run, and
what a Lambda did not finish is sent again. So an event comes at least once, and its ``id`` is the same each
time. See docs/decisions/0018-alerts-and-events.md.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sluice.messages import VERSION, Message
from sluice.run.state import Run, RunState
from sluice.triggers.request_event import DEFAULT_STACK_PREFIX, SOURCE, STACK_PREFIX
from sluice.triggers.trigger_event import stored_trigger

STATE_CHANGE, LATE = "Run State Change", "Run Late"
# The detail of an event may have 256 KB with all around it, of which these are the parts that are not short:
# https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-putevents.html
_REASON_CHARACTERS = _INPUT_CHARACTERS = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class RunChanged(Message):
    """A run has come into a state. Times in ISO 8601, UTC; ``failed_step`` and ``reason`` are empty unless it
    failed.

    ``round`` counts how often the run was resumed: the two failures of a run that failed, was retried and
    failed again are two events.
    """

    run: str
    pipeline: str
    changed_to: str
    began: str
    at: str
    input: str
    failed_step: str
    reason: str
    round: int


def change(
    run: Run, state: RunState, at: str, failed_step: str | None = None, reason: str | None = None
) -> RunChanged:
    """Return the message of a run's new state; the reason is the ledger's when none is given."""
    record = run.steps.get(failed_step or "")
    return RunChanged(
        run=run.run_id,
        pipeline=run.pipeline.name,
        changed_to=state,
        began=run.created_at,
        at=at,
        input=input_of(run.trigger)[:_INPUT_CHARACTERS],
        failed_step=failed_step or "",
        reason=(reason or (record.reason if record else None) or "")[:_REASON_CHARACTERS],
        round=run.reopened,
    )


def input_of(trigger: Mapping[str, Any]) -> str:
    """Return the text of a run's input; a trigger that this version does not know must not stop the alert."""
    try:
        return stored_trigger(trigger).uri
    except (KeyError, TypeError):
        return f"a trigger of the kind {trigger.get('kind')!r}, which this version does not know"


def entry(
    message: RunChanged, kind: str = STATE_CHANGE, stack_prefix: str = DEFAULT_STACK_PREFIX
) -> dict[str, Any]:
    """Return the entry of a PutEvents request; ``stack_prefix`` says which Sluice of the account it is from.
    https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html
    """
    name = message.changed_to if kind == STATE_CHANGE else "LATE"
    detail = {
        "version": VERSION,
        "id": f"{message.run}/{message.round}/{name}",
        "run": message.run,
        "pipeline": message.pipeline,
        STACK_PREFIX: stack_prefix,
        "state": message.changed_to,
        "input": message.input[:_INPUT_CHARACTERS],
        "began": message.began,
        "at": message.at,
        "seconds": _seconds(message),
        "failed_step": message.failed_step or None,
        "reason": message.reason[:_REASON_CHARACTERS] or None,
    }
    return {"Source": SOURCE, "DetailType": kind, "Detail": json.dumps(detail)}


def _seconds(message: RunChanged) -> float:
    try:
        return round(
            (datetime.fromisoformat(message.at) - datetime.fromisoformat(message.began)).total_seconds(), 3
        )
    except (ValueError, TypeError):
        return 0.0
