"""Finds the groups that uploaded files are in: the ledger has a note of each file that names its group, and
the group names its run.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sluice.grouping.group import Group
from sluice.grouping.ledger import GroupLedger
from sluice.operate.errors import OperationError
from sluice.operate.start.upload_triggers import TriggerFile
from sluice.pipeline.trigger_names import upload_name
from sluice.triggers.trigger_event import S3Object

GATHERED_WITHIN_SECONDS = 120.0
"""From the event to the note: one queue, which Lambda may leave for 20 s, and a cold start, with room."""
_SECONDS_BETWEEN_READS = 1.0
StoredFile = tuple[TriggerFile, S3Object]
"""A file of this machine, and the object that it was stored as."""


@dataclass(frozen=True, slots=True)
class OpenGroup:
    """A group whose run has not been requested: it closes in ``seconds``, or when it has ``max_files``."""

    run_id: str
    seconds: float
    files: int
    max_files: int


def of_gathering_triggers(stored: Sequence[StoredFile]) -> list[StoredFile]:
    """Return those of the files whose trigger gathers files."""
    return [one for one in stored if one[0].upload.gathers]


def find_groups(
    ledger: GroupLedger,
    pipeline: str,
    stored: Sequence[StoredFile],
    sleep: Callable[[float], None] = time.sleep,
) -> list[Group]:
    """Return the groups of files, in the order of their numbers, as soon as every file is in one.

    Raises OperationError with the files that are in none in time.
    """
    triggers = dict.fromkeys(upload_name(file.upload) for file, _ in stored)
    return [
        group
        for trigger in triggers
        for group in _groups_of_trigger(
            ledger,
            pipeline,
            trigger,
            [found for file, found in stored if upload_name(file.upload) == trigger],
            sleep,
        )
    ]


def open_groups(groups: Sequence[Group], now: datetime) -> list[OpenGroup]:
    """Return the groups that have not closed yet."""
    return [
        OpenGroup(group.run_id, seconds, group.files, group.max_files)
        for group in groups
        if (seconds := group.seconds_left(now)) > 0 and not group.is_full
    ]


def seconds_until_closed(groups: Sequence[Group], now: datetime) -> float:
    """Return in how many seconds the last of the groups closes at the latest; 0 without groups."""
    return max([0.0, *(group.seconds_left(now) for group in groups)])


def _groups_of_trigger(
    ledger: GroupLedger,
    pipeline: str,
    trigger: str,
    files: Sequence[S3Object],
    sleep: Callable[[float], None],
) -> list[Group]:
    numbers: dict[S3Object, int] = {}
    deadline = time.monotonic() + GATHERED_WITHIN_SECONDS
    while waiting := [file for file in files if file not in numbers]:
        found = ledger.numbers(pipeline, trigger, waiting)
        numbers |= found
        if len(found) < len(waiting):
            _check_time(deadline, [file for file in waiting if file not in found])
            sleep(_SECONDS_BETWEEN_READS)
    groups = (ledger.load(pipeline, trigger, number) for number in sorted(set(numbers.values())))
    return [group for group in groups if group is not None]


def _check_time(deadline: float, waiting: Sequence[S3Object]) -> None:
    if time.monotonic() > deadline:
        others = f", nor of {len(waiting) - 1} more" if len(waiting) > 1 else ""
        raise OperationError(
            f"Expected {waiting[0].key} to be gathered within {GATHERED_WITHIN_SECONDS:.0f} s, found no note"
            f" of it in the ledger{others}. Is the deployed app built from this repository? Read the group"
            " queue's dead letters and the group Lambda's log."
        )
