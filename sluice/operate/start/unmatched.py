"""Finds files of the inbox that no trigger takes, with the trigger that nearly did."""

from __future__ import annotations

import heapq
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from difflib import SequenceMatcher
from itertools import islice
from typing import Any

from sluice.operate.clients import ObjectLister
from sluice.triggers.inbox import REQUESTS
from sluice.triggers.upload_patterns import TakenKeys

_SIMILAR = 0.7
"""From this ratio on a prefix is taken for a misspelt one, as ``difflib`` measures it."""
_MAX_PREFIXES = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class UnmatchedUpload:
    """A file that started nothing, and why: the trigger that nearly took it."""

    key: str
    size: int
    at: datetime
    why: str


@dataclass(frozen=True, slots=True)
class UnmatchedUploads:
    """The newest first. ``unread`` says that the inbox has more objects than were looked at, ``more`` that
    more of those have started nothing.
    """

    uploads: tuple[UnmatchedUpload, ...]
    unread: bool
    more: bool


def unmatched_uploads(
    s3: ObjectLister, bucket: str, taken: Sequence[TakenKeys], *, limit: int, max_keys: int, prefix: str = ""
) -> UnmatchedUploads:
    """Return the newest ``limit`` files below a prefix that none of the triggers takes, of the first
    ``max_keys`` keys: S3 lists by key and not by time, a thousand a call.

    Those that came with requests belong to their runs, and the empty objects of folders are no files.
    """
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    every = (one for page in pages for one in page.get("Contents", ()))
    found = (one for one in islice(every, max_keys) if _starts_nothing(one, taken))
    newest = heapq.nlargest(limit + 1, found, key=lambda one: (one["LastModified"], one["Key"]))
    uploads = tuple(
        UnmatchedUpload(
            key=one["Key"], size=one["Size"], at=one["LastModified"], why=why_not(one["Key"], taken)
        )
        for one in newest[:limit]
    )
    return UnmatchedUploads(uploads, unread=next(every, None) is not None, more=len(newest) > limit)


def _starts_nothing(found: Mapping[str, Any], taken: Sequence[TakenKeys]) -> bool:
    key = found["Key"]
    is_folder = key.endswith("/") and found["Size"] == 0
    return not (is_folder or key.startswith(REQUESTS) or any(one.takes(key) for one in taken))


def why_not(key: str, taken: Sequence[TakenKeys]) -> str:
    """Return why no trigger takes a key, with the nearest one."""
    below = [one for one in taken if key.startswith(one.prefix)]
    if below:
        return _other_suffix(key, below)
    nearest = max(taken, key=lambda one: _likeness(key, one), default=None)
    if nearest is not None and _likeness(key, nearest) >= _SIMILAR:
        begins = nearest.prefix
        case = " Upper and lower case count." if key.lower().startswith(begins.lower()) else ""
        return f"The nearest trigger takes {nearest.text}; this key does not begin with {begins}.{case}"
    prefixes = sorted({one.prefix for one in taken})
    more = f" and {len(prefixes) - _MAX_PREFIXES} more" if len(prefixes) > _MAX_PREFIXES else ""
    named = ", ".join(prefixes[:_MAX_PREFIXES]) or "none"
    return f"No trigger has a prefix of this key; there are {named}{more}."


def _other_suffix(key: str, below: Sequence[TakenKeys]) -> str:
    same = [one for one in below if key.lower().endswith(tuple(map(str.lower, one.suffixes)))]
    if same:
        return f"The nearest trigger takes {same[0].text}. Upper and lower case count."
    return f"The trigger below {below[0].prefix} takes {below[0].text}."


def _likeness(key: str, one: TakenKeys) -> float:
    """Return how much the beginning of a key is like a prefix, from 0 to 1; a little more where its end is
    one that the trigger takes.
    """
    folders = one.prefix.count("/")
    start = "/".join(key.split("/")[:folders]) + "/" if folders else key[: len(one.prefix)]
    start += key[len(start) :][: len(one.prefix.rpartition("/")[2])]
    ratio = SequenceMatcher(None, start.lower(), one.prefix.lower()).ratio()
    return (
        ratio + 0.01 * key.lower().endswith(tuple(map(str.lower, one.suffixes)))
        if ratio >= _SIMILAR
        else ratio
    )
