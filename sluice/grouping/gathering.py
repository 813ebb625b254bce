"""Gathers uploads into groups, and hands a group over when it is full or due. Safe to repeat, to interrupt
and to run side by side.

A file is in a group from the transaction that notes it on; whatever dies before that is told again by the
queue, and whatever dies behind it finds the note. A group is handed over at least once, always as the same
run. See docs/decisions/0012-groups-of-uploads.md.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from sluice.errors import UnsettledError
from sluice.grouping.group import Group, GroupState
from sluice.grouping.ledger import MAX_ADDED, GroupLedger
from sluice.grouping.records import note_of
from sluice.messages import GroupDue, GroupedUpload
from sluice.triggers.trigger_event import S3Object

MAX_SECONDS = 900
"""The longest that SQS keeps a message back, and so the longest that a group stays open.

https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html
"""
SWEPT_AFTER_SECONDS = 60
"""Groups that are due for less are left to their reminders."""
_ATTEMPTS = 8
_PAUSE_SECONDS = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Gatherer:
    """Gathers files. ``remind`` sends a message to itself after some seconds, ``write`` lists a group's
    files, ``ask`` asks for its run.
    """

    ledger: GroupLedger
    remind: Callable[[GroupDue, int], None]
    write: Callable[[Group, Sequence[S3Object]], None]
    ask: Callable[[Group, Sequence[S3Object]], None]
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    sleep: Callable[[float], None] = time.sleep

    def gather(self, upload: GroupedUpload, files: Sequence[S3Object]) -> int:
        """Put files of one trigger into its open group, and into further ones; return how many were in none
        before.

        ``upload`` is any of the messages that told of them: it says what a new group starts with.
        """
        waiting = list({note_of(upload.pipeline, upload.trigger, file): file for file in files}.values())
        gathered, fruitless = 0, 0
        while waiting and fruitless < _ATTEMPTS:
            group: Group | None = self._open_group(upload)
            before = len(waiting)
            while waiting and group is not None:
                group, added = self._add(group, waiting)
                gathered += added
            fruitless = 0 if len(waiting) < before else fruitless + 1
            self.sleep(_PAUSE_SECONDS * fruitless)
        if waiting:
            raise UnsettledError(
                f"{len(waiting)} files of {upload.trigger} are to be gathered again: others were always"
                " faster."
            )
        self._look(upload)
        return gathered

    def due(self, message: GroupDue) -> None:
        """Hand a group over if it is due or full, or else remind again when it will be; one that was never
        opened is nothing.
        """
        group = self.ledger.load(message.pipeline, message.trigger, message.number)
        if group is not None and not self._handed_over_if_ripe(group):
            self._remind(group)

    def sweep(self) -> None:
        """Remind at once of the groups that should have been handed over: the reminder, or who was to follow
        it, was lost.
        """
        for group in list(self.ledger.unfinished()):
            if group.seconds_left(self.now()) < -SWEPT_AFTER_SECONDS:
                self.remind(_due(group), 0)

    def _open_group(self, upload: GroupedUpload) -> Group:
        """Return the trigger's open group, or a new one, which the first files open."""
        newest = self.ledger.newest(upload.pipeline, upload.trigger)
        if newest is not None and newest.state is GroupState.OPEN and not self._handed_over_if_ripe(newest):
            return newest
        group = Group.opened(upload, newest.number + 1 if newest else 1, self.now())
        # Before it is opened: a group without a reminder would wait for the sweep, a reminder without a group
        # is nothing.
        self._remind(group)
        return group

    def _add(self, group: Group, waiting: list[S3Object]) -> tuple[Group | None, int]:
        """Add what fits at once, and take it and what is known off ``waiting``; without the group when that
        must be looked at anew.
        """
        files, now = (
            waiting[: min(MAX_ADDED, group.most - group.files)],
            self.now().isoformat(timespec="milliseconds"),
        )
        refused = (self.ledger.add if group.files else self.ledger.open)(group, files, now)
        if refused is None:
            del waiting[: len(files)]
            group = replace(group, files=group.files + len(files))
            return (None if group.full else group), len(files)
        for place in sorted(refused.known, reverse=True):
            del waiting[place]
        return (None if refused.by_group else group), 0

    def _look(self, upload: GroupedUpload) -> None:
        """Hand over the open group if it is ripe: two that fill it side by side do not know which of them was
        the last.
        """
        newest = self.ledger.newest(upload.pipeline, upload.trigger)
        if newest is not None and newest.state is GroupState.OPEN:
            self._handed_over_if_ripe(newest)

    def _handed_over_if_ripe(self, group: Group) -> bool:
        """Return whether a group takes no more files, after its run was asked for."""
        if group.state is GroupState.TOLD:
            return True
        if group.state is GroupState.OPEN and not group.full and group.seconds_left(self.now()) > 0:
            return False
        self.ledger.close(group)
        closed = self.ledger.load(group.pipeline, group.trigger, group.number) or group
        files = self._all_files(closed)
        # Once the run has been asked for, its cleanup may have removed the list: nobody would remove another
        # one.
        if closed.state is GroupState.CLOSED:
            self.write(closed, files)
            self.ledger.record_list_written(closed)
        self.ask(closed, files)
        self.ledger.record_handed_over(closed)
        return True

    def _all_files(self, closed: Group) -> list[S3Object]:
        """Return the files of a closed group.

        A query may see a transaction's writes one by one:
        https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis.html
        (read-committed), so the files are counted.
        """
        for look in range(_ATTEMPTS):
            files = self.ledger.files(closed)
            if len(files) == closed.files:
                return files
            self.sleep(_PAUSE_SECONDS * (look + 1))
        raise UnsettledError(
            f"Expected {closed.files} files of group {closed.name} of {closed.trigger}, found {len(files)}."
        )

    def _remind(self, group: Group) -> None:
        """Ask to be called when a group is due; a second more, so that one call suffices."""
        seconds = min(math.ceil(max(group.seconds_left(self.now()), 0)) + 1, MAX_SECONDS)
        self.remind(_due(group), seconds)


def _due(group: Group) -> GroupDue:
    return GroupDue(pipeline=group.pipeline, trigger=group.trigger, number=group.number)
