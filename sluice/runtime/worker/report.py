"""What a worker tells its supervisor."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Protocol


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
    """A worker's final word, an error ended the work; or what is said of an item behind which it goes on.
    The worker has printed its traceback.

    ``is_transient`` says of the error that it may pass; ``item`` is None outside of any item. ``memory`` says
    that it wanted more memory, ``upstream`` names the step where the item failed.
    """

    error: str
    message: str
    item: int | None = None
    is_transient: bool = False
    memory: bool = False
    upstream: str | None = None


Outcome = Returned | Failed


class Report(Protocol):
    """What is reported during the work."""

    def begins(self, item: int | None = None, value: str = "") -> None:
        """Say that the user's function is about to be called, for an item, whose value is JSON, or once."""

    def finished(self, line: str) -> None:
        """Hand over the line of an item's result."""

    def failed(self, failure: Failed) -> None:
        """Say that the item failed, and that the work goes on behind it."""


def encoded(value: Any) -> str:
    """Return an item's value as JSON."""
    return json.dumps(value, ensure_ascii=False, default=str)
