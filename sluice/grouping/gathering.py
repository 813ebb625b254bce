"""Gathers uploads into groups, and hands a group over when it is full or due. Safe to repeat, to interrupt
and to run side by side.

A file is in a group from the transaction that records it. What dies before that is repeated by the queue, and
what dies after it finds the record. A group is handed over at least once, always as the same run. See
docs/decisions/0012-groups-of-uploads.md.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from sluice.aws.retrying import Backoff
from sluice.counted import counted
from sluice.errors import UnsettledError
from sluice.grouping.group import Group, GroupState
from sluice.grouping.ledger import MAX_ADDED, GroupLedger
from sluice.grouping.records import file_digest
from sluice.messages import GroupDue, GroupedUpload
from sluice.triggers.trigger_event import S3Object, newest_of_each_key

MAX_SECONDS = 900
"""The longest that SQS delays a message, and so the longest that a group stays open.

https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html
"""
BATCHING_WINDOW_SECONDS = 5
"""For how long the queue gathers messages before it hands them over.

https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventsourcemapping.html#invocation-eventsourcemapping-batching
"""
SWEPT_AFTER_SECONDS = 60
"""Groups that are due for less are left to their reminders."""
_ATTEMPTS = 8
_BASE_SECONDS = 0.2
_CAP_SECONDS = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Gatherer:
    """Gathers files. ``remind`` sends a message to itself after some seconds, ``write`` writes the list of a
    group's files, ``ask`` requests its run.

    ``resumes`` where one process at a time fills the groups: one that is closed was left by one that died,
    and is handed over before another is opened.
    """

    ledger: GroupLedger
    remind: Callable[[GroupDue, int], None]
    write: Callable[[Group, Sequence[S3Object]], None]
    ask: Callable[[Group, Sequence[S3Object]], None]
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    sleep: Callable[[float], None] = time.sleep
    resumes: bool = False

    def gather(
        self, upload: GroupedUpload, files: Sequence[S3Object], *, since: datetime | None = None
    ) -> int:
        """Put files of one trigger into its open group, and into further ones; return how many were in none
        before.

        ``upload`` is any of their messages: it has what a new group starts with. ``since`` is when the first
        of them was sent.
        """
        waiting = list({file_digest(upload.pipeline, upload.trigger, file): file for file in files}.values())
        gathered, backoff = 0, self._backoff()
        while waiting:
            before = len(waiting)
            gathered += self._fill(self._open_group(upload, since), waiting)
            if len(waiting) < before:
                backoff.reset()
            elif not backoff.try_again():
                raise UnsettledError(
                    f"{counted(len(waiting), 'file')} of {upload.trigger} to be gathered again: other"
                    " invocations were always faster."
                )
        self._hand_over_newest_if_ready(upload)
        return gathered

    def due(self, message: GroupDue) -> None:
        """Hand a group over if it is due or full, or else remind again when it will be; one that was never
        opened is ignored.
        """
        group = self.ledger.load(message.pipeline, message.trigger, message.number)
        if group is not None and not self._hand_over_if_ready(group):
            self._remind(group)

    def sweep(self) -> None:
        """Remind at once of the groups that should have been handed over: the reminder was lost, or the
        invocation that it started.
        """
        for group in list(self.ledger.unfinished()):
            if group.seconds_left(self.now()) < -SWEPT_AFTER_SECONDS:
                self.remind(_due(group), 0)

    def _open_group(self, upload: GroupedUpload, since: datetime | None) -> Group:
        """Return the trigger's open group, or a new one, which the first files open."""
        newest = self.ledger.newest(upload.pipeline, upload.trigger)
        if newest is not None and self._is_unfinished(newest) and not self._hand_over_if_ready(newest):
            return newest
        number = newest.number + 1 if newest else 1
        group = Group.opened(upload, number, self.now(), self._opened_at(since))
        # Before it is opened: a group without a reminder would wait for the sweep, a reminder without a group
        # is ignored.
        self._remind(group)
        return group

    def _is_unfinished(self, newest: Group) -> bool:
        return newest.state is GroupState.OPEN or (
            self.resumes and newest.state is not GroupState.HANDED_OVER
        )

    def _opened_at(self, since: datetime | None) -> datetime:
        """Return when a new group was opened: when its first file came, as far as the batch's window explains
        that this was not now. Files that an outage kept back for longer are gathered from now on.
        """
        now = self.now()
        window = timedelta(seconds=BATCHING_WINDOW_SECONDS)
        return min(max(since or now, now - window), now)

    def _fill(self, group: Group, waiting: list[S3Object]) -> int:
        """Add waiting files to a group as long as it takes them; return how many were added."""
        added = 0
        left: Group | None = group
        while waiting and left is not None:
            left, more = self._add(left, waiting)
            added += more
        return added

    def _add(self, group: Group, waiting: list[S3Object]) -> tuple[Group | None, int]:
        """Add what fits into one transaction, and take it, and what is in a group already, off ``waiting``;
        return the group, None when it must be loaded again, and how many files were added.
        """
        files = waiting[: min(MAX_ADDED, group.max_files - group.files)]
        write = self.ledger.add if group.files else self.ledger.open
        refused = write(group, files, self.now().isoformat(timespec="milliseconds"))
        if refused is None:
            del waiting[: len(files)]
            group = replace(group, files=group.files + len(files))
            return (None if group.is_full else group), len(files)
        for position in sorted(refused.known, reverse=True):
            del waiting[position]
        return (None if refused.by_group else group), 0

    def _hand_over_newest_if_ready(self, upload: GroupedUpload) -> None:
        """Hand over the open group if it is ready: of two invocations that fill it side by side, neither
        knows which was the last.
        """
        newest = self.ledger.newest(upload.pipeline, upload.trigger)
        if newest is not None and newest.state is GroupState.OPEN:
            self._hand_over_if_ready(newest)

    def _hand_over_if_ready(self, group: Group) -> bool:
        """Return whether a group takes no more files, after its run was requested."""
        if group.state is GroupState.HANDED_OVER:
            return True
        if group.state is GroupState.OPEN and not group.is_full and group.seconds_left(self.now()) > 0:
            return False
        self.ledger.close(group)
        closed = self.ledger.load(group.pipeline, group.trigger, group.number) or group
        if closed.state is GroupState.OPEN:
            return False  # A file came in this moment: the quiet begins again.
        # Events come out of order: the version that was uploaded last is the one that counts.
        files = newest_of_each_key(self._all_files(closed))
        # Once the run has been requested, its cleanup may have removed the list: a second list would stay.
        if closed.state is GroupState.CLOSED:
            files = self.ledger.with_newer_versions(closed, files)
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
        backoff = self._backoff()
        while len(files := self.ledger.files(closed)) != closed.files:
            if not backoff.try_again():
                raise UnsettledError(
                    f"Expected {counted(closed.files, 'file')} of group {closed.name} of {closed.trigger},"
                    f" found {len(files)}."
                )
        return files

    def _remind(self, group: Group) -> None:
        """Ask to be called when a group is due; a second more, so that one call suffices.

        The message waits in a batch at last, so it is kept back for less by as much; where a full batch takes
        it along earlier it is sent again.
        """
        seconds = math.ceil(group.seconds_left(self.now())) + 1 - BATCHING_WINDOW_SECONDS
        self.remind(_due(group), min(max(seconds, 1), MAX_SECONDS))

    def _backoff(self) -> Backoff:
        return Backoff(attempts=_ATTEMPTS, base=_BASE_SECONDS, cap=_CAP_SECONDS, sleep=self.sleep)


def _due(group: Group) -> GroupDue:
    return GroupDue(pipeline=group.pipeline, trigger=group.trigger, number=group.number)
