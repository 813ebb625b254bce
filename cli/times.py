"""Prints times and durations the same way in every command."""

from __future__ import annotations

import argparse
import re
from datetime import UTC, datetime, timedelta

_AGO = re.compile(r"(\d{1,6})([mhdw])")
_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def moment(stamp: str) -> str:
    """Return a time of the ledger for people: date and time in UTC, to the second."""
    return datetime.fromisoformat(stamp).astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")


def duration(seconds: float | None) -> str:
    """Return how long something took, or nothing when it has not begun."""
    return f"{seconds:.1f} s" if seconds is not None else ""


def point_in_time(text: str, now: datetime | None = None) -> str:
    """Return a time as the ledger has it, of a date, a date with a time, or how long ago it was: ``3d``.

    A time without a zone is UTC. Raises ArgumentTypeError.
    """
    ago = _AGO.fullmatch(text)
    try:
        if ago is not None:
            found = (now or datetime.now(UTC)) - timedelta(**{_UNITS[ago[2]]: int(ago[1])})
        else:
            found = datetime.fromisoformat(text)
    except (ValueError, OverflowError) as error:
        raise argparse.ArgumentTypeError(
            f"expected a time such as 2026-11-28, 2026-11-28T09:30 (UTC), 2h or 3d, found {text!r}"
        ) from error
    with_zone = found if found.tzinfo is not None else found.replace(tzinfo=UTC)
    return with_zone.astimezone(UTC).isoformat(timespec="milliseconds")
