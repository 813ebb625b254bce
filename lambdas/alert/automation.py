"""Sends events about runs to EventBridge's default bus."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lambdas.consuming import logger
from sluice.alerts.results_complete import ResultsComplete, results_complete_entry
from sluice.alerts.run_events import STATE_CHANGE, RunChanged, entry
from sluice.aws.clients import client
from sluice.errors import EventRefusedError


def send_event(message: RunChanged, stack_prefix: str, kind: str = STATE_CHANGE) -> None:
    """Send one event of a run; raises EventRefusedError, so that the message comes again."""
    _put(entry(message, kind, stack_prefix), message.run)
    logger.info("An event was sent.", run=message.run, state=message.changed_to, kind=kind)


def send_results_complete(message: ResultsComplete) -> None:
    """Send the event that starts what comes after a run; raises EventRefusedError."""
    _put(results_complete_entry(message), message.cleanup)
    logger.info("What comes after a run is started, if it was not.", cleanup=message.cleanup)


def _put(event: Mapping[str, Any], subject: str) -> None:
    answer = client("events").put_events(Entries=[event])
    if answer.get("FailedEntryCount"):
        # PutEvents answers 200 for entries that it did not take:
        # https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html
        code, text = (answer["Entries"][0].get(name) for name in ("ErrorCode", "ErrorMessage"))
        raise EventRefusedError(
            f"Expected EventBridge to take the event {event['DetailType']} of {subject},"
            f" found {code}: {text}."
        )
