"""Prints e-mails and SMS as their recipients get them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.text import Text

from sluice.visible import visible


def print_message(console: Console, message: Mapping[str, Any]) -> None:
    """Print a message of the local cloud's mailbox."""
    kind = "E-mail" if message["protocol"] == "email" else "SMS"
    console.print(Text(f"{kind} to {message['endpoint']}", style="bold"))
    text = "\n".join(
        [*([f"Subject: {message['subject']}", ""] if message["subject"] else []), message["text"].strip()]
    )
    for line in visible(text, keep="\n\t").splitlines():
        _fold(console, line)


def _fold(console: Console, line: str) -> None:
    """Print a line of a message behind a bar; on a terminal it is folded at words."""
    inner = line.lstrip(" ")
    bar = Text(f"  │ {' ' * (len(line) - len(inner))}", style="dim")
    if not console.is_terminal:
        console.print(bar + Text(inner), soft_wrap=True)
        return
    for part in Text(inner).wrap(console, max(20, console.width - len(bar)), overflow="fold"):
        part.rstrip()
        console.print(bar + part, soft_wrap=True)
