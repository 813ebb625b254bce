"""Shows the alert of a failed run as its recipients get it."""

from __future__ import annotations

import time
from typing import Any

from rich.console import Console

from cli.commands.demo.telling import begin
from cli.screen.messages import print_message
from local.paths import LocalCloudPaths
from local.server.process import control
from sluice.operate.runs.view import RunView

SECONDS = 30.0
_POLL_SECONDS = 0.1


def show(place: LocalCloudPaths, console: Console, failed: RunView) -> list[str]:
    """Print the e-mail and the SMS about a failed run; return what is missing."""
    begin(console, "The alert")
    messages = _messages(place, failed.run_id)
    for message in sorted(messages, key=lambda message: str(message["protocol"])):
        print_message(console, message)
    protocols = sorted(message["protocol"] for message in messages)
    return (
        []
        if protocols == ["email", "sms"]
        else [f"Expected one e-mail and one SMS about {failed.run_id}, found {protocols or 'none'}."]
    )


def _messages(place: LocalCloudPaths, run_id: str) -> list[dict[str, Any]]:
    """Return the messages about a run once there are two of them, or what there is after half a minute."""
    deadline = time.monotonic() + SECONDS
    while True:
        found = [message for message in control(place, "GET", "messages") if run_id[-20:] in message["text"]]
        if len(found) >= 2 or time.monotonic() > deadline:
            return found
        time.sleep(_POLL_SECONDS)
