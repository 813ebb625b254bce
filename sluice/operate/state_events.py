"""Publishes to other automation that a person has brought a run into another state."""

from __future__ import annotations

from datetime import UTC, datetime

from botocore.exceptions import BotoCoreError, ClientError

from sluice.alerts.run_events import change, entry
from sluice.operate.clients import EventBus
from sluice.run.state import Run, RunState


def publish_state(events: EventBus, run: Run, state: RunState, stack_prefix: str) -> str | None:
    """Send the event; return why it could not be sent, None when it was.

    The run is in its state with the event or without it, so a failure here is no failure of the operation.
    The same event sent again has the same id.
    """
    at = run.ended_at or datetime.now(UTC).isoformat(timespec="milliseconds")
    try:
        answer = events.put_events(Entries=[entry(change(run, state, at), stack_prefix=stack_prefix)])
    except (ClientError, BotoCoreError) as error:
        return str(error).rstrip(".")
    if answer.get("FailedEntryCount"):
        return str(answer["Entries"][0].get("ErrorMessage")).rstrip(".")
    return None
