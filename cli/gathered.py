"""Finds the groups that uploaded files are in: a file's note in the ledger names its group, and the group
names its run.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from cli.console import note
from cli.failures import CommandError
from cli.starting import Sending
from sluice.grouping.group import Group
from sluice.grouping.ledger import GroupLedger
from sluice.pipeline.trigger_names import upload_name
from sluice.triggers.trigger_event import S3Object

GATHERED_WITHIN_SECONDS = 120.0
"""From the event to the note: one queue, which Lambda may leave for 20 s, and a cold start, with room."""
_SECONDS_BETWEEN_LOOKS = 1.0


Sent = tuple[Sending, S3Object]


def gathering(sent: Sequence[Sent]) -> list[Sent]:
    """Return those of the files whose trigger gathers."""
    return [one for one in sent if one[0].upload.gathers]


def groups_of(
    ledger: GroupLedger, pipeline: str, sent: Sequence[Sent], sleep: Callable[[float], None]
) -> list[Group]:
    """Return the groups of files, in the order of their numbers, as soon as every file is in one.

    Raises CommandError with the files that are in none in time.
    """
    triggers = dict.fromkeys(upload_name(sending.upload) for sending, _ in sent)
    if triggers:
        note("waiting until the group Lambda has the files")
    return [
        group
        for trigger in triggers
        for group in _groups(
            ledger,
            pipeline,
            trigger,
            [file for sending, file in sent if upload_name(sending.upload) == trigger],
            sleep,
        )
    ]


def _groups(
    ledger: GroupLedger,
    pipeline: str,
    trigger: str,
    files: Sequence[S3Object],
    sleep: Callable[[float], None],
) -> list[Group]:
    numbers: dict[S3Object, int] = {}
    until = time.monotonic() + GATHERED_WITHIN_SECONDS
    while waiting := [file for file in files if file not in numbers]:
        found = ledger.numbers(pipeline, trigger, waiting)
        numbers |= found
        if len(found) < len(waiting):
            _check_time(until, [file for file in waiting if file not in found])
            sleep(_SECONDS_BETWEEN_LOOKS)
    found_groups = (ledger.load(pipeline, trigger, number) for number in sorted(set(numbers.values())))
    return [group for group in found_groups if group is not None]


def _check_time(until: float, waiting: Sequence[S3Object]) -> None:
    if time.monotonic() > until:
        raise CommandError(
            f"Expected {waiting[0].key} to be gathered within {GATHERED_WITHIN_SECONDS:.0f} s, found no note"
            f" of it in the ledger{f', nor of {len(waiting) - 1} more' if len(waiting) > 1 else ''}. Is what"
            " is deployed what this repository has? Look into the group queue's dead letters and the group"
            " Lambda's log."
        )


def seconds_left(groups: Sequence[Group]) -> float:
    """Return when the last of some groups closes, in seconds from now; say of each that is open what it waits
    for.
    """
    now, left = datetime.now(UTC), 0.0
    for group in groups:
        seconds = max(group.seconds_left(now), 0.0)
        if seconds and not group.is_full:
            when = f"in {seconds:.0f} s, or when it has {group.max_files:,} files; it has {group.files:,}"
            note(f"{group.run_id} begins when its group closes: {when}")
        left = max(left, seconds)
    return left
