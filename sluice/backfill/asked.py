"""What is asked of a backfill: by the words of a command, or by the input of the job that does it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime
from typing import Any

from sluice.backfill.inventory.finding import BEGUN
from sluice.backfill.target import Target
from sluice.errors import SluiceError
from sluice.limits import MAX_CONCURRENT_RUNS

_SCHEME = "s3://"
_TIMES = ("since", "until")
# The folder of one report, in that of its configuration.
_DATED = re.compile(f"(^|/){BEGUN}$")


class NothingTakenError(SluiceError):
    """What a backfill is asked for is nothing that it could do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A place such as ``s3://bucket/prefix`` or None for all, the objects' times, and the name of a
    repetition, empty for none. ``max_concurrency`` is how many of the runs are under way at the same time at
    most; with ``dry_run`` the objects are counted and nothing begins. ``inventory`` is a report of S3
    Inventory, or the folder of such reports, to be read by the job in place of a listing.
    """

    place: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    again: str = ""
    max_concurrency: int | None = None
    dry_run: bool = False
    inventory: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the form that ``from_dict`` reads, without what is not asked for."""
        given = {one.name: getattr(self, one.name) for one in fields(self)}
        given |= {name: given[name].isoformat() for name in _TIMES if given[name]}
        return {name: value for name, value in given.items() if value}

    @classmethod
    def from_dict(cls, given: Any) -> Asked:
        """Read what a job is asked for; raises NothingTakenError for what it is not made for."""
        if not isinstance(given, Mapping):
            raise NothingTakenError(f"Expected a JSON object that says what to backfill, found {given!r}.")
        known = {one.name for one in fields(cls)}
        if unknown := sorted(set(given) - known):
            raise NothingTakenError(f"Expected {', '.join(sorted(known))}, found {', '.join(unknown)}.")
        return cls(
            place=_of_type(given, "place", str),
            since=_time(given, "since"),
            until=_time(given, "until"),
            again=_of_type(given, "again", str) or "",
            max_concurrency=_limit(given),
            dry_run=bool(_of_type(given, "dry_run", bool)),
            inventory=_of_type(given, "inventory", str),
        )

    def parts_of(self, targets: Sequence[Target]) -> list[Target]:
        """Return what is asked for of what the triggers of a pipeline take.

        Raises NothingTakenError for a place of which no trigger takes anything, for times in the wrong order,
        and for a report that the job may not read.
        """
        if self.since and self.until and self.since >= self.until:
            raise NothingTakenError(f"Expected --since before --until, found {self.since} and {self.until}.")
        every = [
            replace(
                one,
                since=self.since,
                until=self.until,
                again=self.again,
                max_concurrency=self.max_concurrency,
                in_order=one.in_order or self.max_concurrency is not None,
            )
            for one in targets
        ]
        found = every if self.place is None else _below(self.place, every)
        return found if self.inventory is None else _with_reports(self.inventory, found)


def _with_reports(place: str, targets: Sequence[Target]) -> list[Target]:
    """Return the targets whose job may read the report at a place."""
    bucket, prefix = _place(place)
    found = [one for one in targets if one.inventory and f"{place.rstrip('/')}/".startswith(one.inventory)]
    if not found:
        declared = " and ".join(dict.fromkeys(one.inventory for one in targets if one.inventory))
        folder = prefix.removesuffix("/").removesuffix("/manifest.json")
        folder = _DATED.sub("", folder) or "prefix/source-bucket/configuration"
        raise NothingTakenError(
            f"Expected a report that the job of {targets[0].pipeline} may read"
            f" ({declared or 'no trigger names any'}), found {place!r}. Write"
            f' S3Upload(…, inventory="{_SCHEME}{bucket}/{folder}/"), and deploy; or leave out --in-job.'
        )
    return found


def _below(place: str, targets: Sequence[Target]) -> list[Target]:
    """Return the parts of the targets that are at a place."""
    bucket, prefix = _place(place)
    parts = (one.below(prefix) for one in targets if one.bucket == bucket)
    found = [part for part in parts if part is not None]
    if not found:
        taken = " and ".join(pattern for one in targets for pattern in one.patterns)
        raise NothingTakenError(
            f"Expected objects that a trigger of {targets[0].pipeline} takes ({taken}), found {place!r}, of"
            " which none takes anything."
        )
    return found


def _place(text: str) -> tuple[str, str]:
    bucket, _, prefix = text.removeprefix(_SCHEME).partition("/")
    if not text.startswith(_SCHEME) or not bucket:
        raise NothingTakenError(f"Expected a place such as s3://bucket/prefix, found {text!r}.")
    return bucket, prefix


def _of_type(given: Mapping[str, Any], name: str, kind: type) -> Any:
    value = given.get(name)
    if value is not None and type(value) is not kind:
        raise NothingTakenError(f"Expected {name} of type {kind.__name__}, found {value!r}.")
    return value


def _limit(given: Mapping[str, Any]) -> int | None:
    limit: int | None = _of_type(given, "max_concurrency", int)
    if limit is not None and not 1 <= limit <= MAX_CONCURRENT_RUNS:
        raise NothingTakenError(f"Expected max_concurrency from 1 to {MAX_CONCURRENT_RUNS}, found {limit}.")
    return limit


def _time(given: Mapping[str, Any], name: str) -> datetime | None:
    text = _of_type(given, name, str)
    if text is None:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise NothingTakenError(
            f"Expected {name}, a time such as 2026-01-31T00:00:00Z, found {text!r}."
        ) from error
    if found.tzinfo is None:
        raise NothingTakenError(f"Expected {name} with a time zone, found {text!r}.")
    return found
