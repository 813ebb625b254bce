"""Prints times and durations the same way in every command."""

from __future__ import annotations

from datetime import UTC, datetime


def moment(stamp: str) -> str:
    """Return a time of the ledger for people: date and time in UTC, to the second."""
    return datetime.fromisoformat(stamp).astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")


def duration(seconds: float | None) -> str:
    """Return how long something took, or nothing when it has not begun."""
    return f"{seconds:.1f} s" if seconds is not None else ""
