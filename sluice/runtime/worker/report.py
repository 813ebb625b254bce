"""What a worker tells its supervisor."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Protocol

_VALUE_CHARACTERS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Returned:
    """A worker's final word: the function has returned for all there was to do.

    ``items`` and ``manifest`` are what a plan found.
    """

    text: str
    items: int | None = None
    manifest: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """A worker's final word: an error ended the work. The worker has printed its traceback.

    ``is_transient`` says of the error that it may pass; ``item`` is None outside of any item.
    """

    error: str
    message: str
    item: int | None = None
    is_transient: bool = False


Outcome = Returned | Failed


class Report(Protocol):
    """What is reported during the work."""

    def begins(self, item: int | None = None, value: str = "") -> None:
        """Say that the user's function is about to be called, for an item or once."""

    def finished(self, line: str) -> None:
        """Hand over the line of an item's result."""


def described(value: Any) -> str:
    """Return an item's value as text that is short enough for a message."""
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= _VALUE_CHARACTERS else f"{text[:_VALUE_CHARACTERS]}…"
