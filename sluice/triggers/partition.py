"""The partition key of a run: names and texts, such as ``{"date": "2026-01-31"}``, by which results are filed
and runs of several pipelines belong together.

It comes from what started the run: the key of a set or of the runs before it, the date and the hour of a
scheduled time, or the texts and whole numbers that a request's or a webhook's input has at its top.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from sluice.triggers.trigger_event import ScheduledTime

DATE, HOUR = "date", "hour"
"""The names that a time gives."""
MAX_CHARACTERS = 256
_TIME = re.compile(r"(?P<date>\d{4}-\d\d-\d\d)T(?P<hour>\d\d):\d\d")
# A part of an S3 key, and of a folder's name where a folder of results is downloaded.
_VALUE = re.compile(r"[^/\\\x00-\x1f\x7f]{1,256}")


def partition_of(stored: Mapping[str, Any]) -> dict[str, str]:
    """Return the partition key of a run, by what the ledger keeps of what started it; empty where it has
    none.
    """
    key = stored.get("partition") or stored.get("key")
    if isinstance(key, Mapping):
        return _texts(key)
    given = stored.get("input")
    found = _texts(given) if isinstance(given, Mapping) else {}
    if stored.get("kind") == ScheduledTime.kind:
        return {**parts_of_time(str(stored.get("local_time") or stored.get("time", ""))), **found}
    return found


def parts_of_time(time: str) -> dict[str, str]:
    """Return the date and the hour of a time in ISO 8601, nothing of another text."""
    found = _TIME.match(time)
    return found.groupdict() if found else {}


def is_part(value: str) -> bool:
    """Return whether a text may be a part of an S3 key that is a folder's name as well."""
    return bool(_VALUE.fullmatch(value)) and value not in (".", "..")


def _texts(given: Mapping[str, Any]) -> dict[str, str]:
    """Return the values that may be parts of a key: texts, and whole numbers as texts."""
    plain = {name: value for name, value in given.items() if type(value) in (str, int)}
    return {str(name): str(value) for name, value in plain.items() if is_part(str(value))}
