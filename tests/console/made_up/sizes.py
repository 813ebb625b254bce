"""How much is made up, and when it began."""

from __future__ import annotations

from datetime import UTC, datetime

RUNS = 10_000
STEPS = 1_000
LAYERS = 40
CHILDREN = 10_000
ITEMS = 1_000_000
PAGE = 50
PIPELINES = ("word-count", "flights", "huge", "wide", "broken", "stuck")
NASTY = "<img src=x onerror=alert(1)>\\u202etxt.exe"
"""A name as an attacker would choose it, as the server writes it."""
BEGAN = datetime(2026, 11, 1, tzinfo=UTC)


def iso(at: datetime) -> str:
    """Return a time as the console has it."""
    return at.isoformat(timespec="milliseconds")
