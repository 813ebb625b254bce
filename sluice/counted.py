"""Writes how many there are of something, as people say it."""

from __future__ import annotations


def counted(count: int, one: str, many: str = "") -> str:
    """Return a number with its noun: ``1 file``, ``2,000 files``; ``many`` is another plural than with s."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"
