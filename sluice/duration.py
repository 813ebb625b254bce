"""Durations as people write them: ``90m``, ``2h``, ``1d12h``."""

from __future__ import annotations

import re

_DURATION = re.compile(r"(?=\d)((?P<d>\d{1,4})d)?((?P<h>\d{1,4})h)?((?P<m>\d{1,5})m)?", re.ASCII)
_SECONDS = {"d": 86_400, "h": 3_600, "m": 60}


def seconds_of(text: str) -> int | None:
    """Return a duration in seconds, or None for an invalid one."""
    found = _DURATION.fullmatch(text)
    return sum(int(found[unit] or 0) * length for unit, length in _SECONDS.items()) if found else None


def in_words(seconds: float) -> str:
    """Return a duration as ``seconds_of`` reads it, rounded down to minutes: ``1d12h``, or ``0m``."""
    left, text = int(seconds), ""
    for unit, length in _SECONDS.items():
        count, left = divmod(left, length)
        text += f"{count}{unit}" if count else ""
    return text or "0m"
