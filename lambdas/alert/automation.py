"""Sends events about runs to EventBridge's default bus."""

from __future__ import annotations

from lambdas.consuming import logger
from sluice.alerts.run_events import STATE_CHANGE, RunChanged, entry
from sluice.aws.clients import client
from sluice.errors import EventRefusedError


def send_event(message: RunChanged, kind: str = STATE_CHANGE) -> None:
    """Send one event; raises EventRefusedError, so that the message comes again."""
    answer = client("events").put_events(Entries=[entry(message, kind)])
    if answer.get("FailedEntryCount"):
        # PutEvents answers 200 for entries that it did not take:
        # https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html
        code, text = (answer["Entries"][0].get(name) for name in ("ErrorCode", "ErrorMessage"))
        raise EventRefusedError(
            f"Expected EventBridge to take the event {kind} of {message.run}, found {code}: {text}."
        )
    logger.info("An event was sent.", run=message.run, state=message.changed_to, kind=kind)
