"""Shows the alert of a failed run as its recipients get it."""

from __future__ import annotations

import time
from textwrap import indent
from typing import Any

from rich.console import Console
from rich.text import Text

from local.paths import LocalCloudPaths
from local.server.process import control
from sluice.operate.runs.view import RunView
from sluice.visible import visible

SECONDS = 30.0
_POLL_SECONDS = 0.1


def show(place: LocalCloudPaths, console: Console, failed: RunView) -> list[str]:
    """Print the e-mail and the SMS about a failed run; return what is missing."""
    console.rule("The alert", align="left")
    messages = _messages(place, failed.run_id)
    for message in sorted(messages, key=lambda message: str(message["protocol"])):
        _print(console, message)
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


def _print(console: Console, message: dict[str, Any]) -> None:
    kind = "E-mail" if message["protocol"] == "email" else "SMS"
    console.print(Text(f"{kind} to {message['endpoint']}", style="bold"))
    text = "\n".join(
        [*([f"Subject: {message['subject']}", ""] if message["subject"] else []), message["text"].strip()]
    )
    # Not wrapped by us: the commands and links in it are to be copied.
    console.print(Text(indent(visible(text, keep="\n\t"), "  │ ", lambda _: True)), soft_wrap=True)
