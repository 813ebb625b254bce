"""Gathers files into sets, and hands a set over when it is whole, late or closed by a person. Safe to repeat,
to interrupt and to run side by side.

See docs/decisions/0039-sets-and-order.md.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from shlex import quote

from sluice.aws.retrying import Backoff
from sluice.counted import counted
from sluice.errors import UnsettledError
from sluice.messages import SetDue, SetReport, SetUpload, Triggered
from sluice.sets.file_set import FileSet, SetState
from sluice.sets.ledger import SetLedger
from sluice.sets.records import file_lists
from sluice.sets.wholeness import Contents, Inbox, contents_of
from sluice.triggers.file_patterns import Unmatched
from sluice.triggers.set_rules import Missing, SetRules, partition_json
from sluice.triggers.trigger_event import S3Object, newest_of_each_key

SWEPT_AFTER = timedelta(seconds=60)
"""Sets that were closed for less are left to who closed them."""
_ATTEMPTS, _BASE_SECONDS, _CAP_SECONDS = 10, 0.1, 1.0
_WHOLE, _LATE, _BY_HAND = "it is whole", "it is late", "a person closed it"


@dataclass(frozen=True, slots=True, kw_only=True)
class SetGatherer:
    """Gathers files into sets. ``write`` writes the list of a set's files, ``ask`` requests its run,
    ``report`` has an alert sent, and ``inbox`` reads what a marker says.
    """

    ledger: SetLedger
    write: Callable[[FileSet, Sequence[S3Object]], None]
    ask: Callable[[Triggered], None]
    report: Callable[[SetReport], None]
    inbox: Inbox
    work_bucket: str
    now: Callable[[], datetime] = lambda: datetime.now(UTC)

    def gather(self, upload: SetUpload, files: Sequence[S3Object]) -> None:
        """Put the files of one trigger into their sets; ``upload`` is any of their messages."""
        rules = SetRules.from_dict(upload.rules)
        partitions, unmatched = _sorted_by_set(rules, files)
        if unmatched:
            self.ledger.record_unmatched(upload.pipeline, upload.trigger, unmatched, self._stamp())
        for partition, mine in partitions.values():
            opened = FileSet.opened(upload, rules, partition, self.now())
            for part in file_lists(newest_of_each_key(mine)):
                self._take(opened, part)
            self._hand_over_if_whole(opened, marked=any(rules.is_marker(file.key) for file in mine))

    def due(self, message: SetDue) -> None:
        """Hand a set over that is on its way to its run; close one that is late, or that a person closes."""
        found = self.ledger.load(message.pipeline, message.trigger, message.partition)
        if found is None:
            return
        if found.state is SetState.OPEN and message.close:
            self._close(found, _BY_HAND)
        elif found.state is SetState.OPEN and found.is_due(self.now()):
            self._late(found)
        elif found.state in (SetState.CLOSED, SetState.WRITTEN):
            self._hand_over(found)

    def sweep(self) -> None:
        """Do what is left to do for the sets that are due: late ones, and those whose invocation died."""
        due = self.now() - SWEPT_AFTER
        for found in list(self.ledger.unfinished(due.isoformat(timespec="milliseconds"))):
            self.due(SetDue(pipeline=found.pipeline, trigger=found.trigger, partition=dict(found.partition)))

    def _take(self, opened: FileSet, files: Sequence[S3Object]) -> None:
        """Record files of a set, whatever state it is in."""
        backoff = self._backoff()
        while not self._try_to_take(opened, files):
            self._pause(backoff, opened)

    def _try_to_take(self, opened: FileSet, files: Sequence[S3Object]) -> bool:
        found = self.ledger.load(opened.pipeline, opened.trigger, opened.partition)
        if found is None:
            return self.ledger.open(opened, files, self._stamp())
        if found.state is SetState.OPEN:
            return self.ledger.add(found, files, self._stamp())
        if found.state is not SetState.HANDED_OVER:
            self._hand_over(found)
            return False
        return self._take_after(found, files)

    def _take_after(self, found: FileSet, files: Sequence[S3Object]) -> bool:
        """Do with files that came when the run had begun what the trigger says; those that are in the run
        already, or older than what is, are nothing new.
        """
        new = self._new_of(found, files)
        if not new:
            return True
        if found.rules.after == "rerun":
            if not self.ledger.begin_again(found, new, self._stamp()):
                return False
            self._hand_over_as_it_is(found)
            return True
        if found.rules.after == "alert":
            # Reported before it is recorded: what dies between the two reports it again.
            self.report(_after(found, new))
        return self.ledger.add_after(found, new, self._stamp())

    def _new_of(self, found: FileSet, files: Sequence[S3Object]) -> list[S3Object]:
        known = {file.key: file for file in newest_of_each_key(self.ledger.files(found))}
        seen = {(file.key, file.version_id, file.etag) for file in self.ledger.files(found, "AFTER#")}
        new = (file for file in files if _is_newer(file, known.get(file.key)))
        return [file for file in new if (file.key, file.version_id, file.etag) not in seen]

    def _hand_over_if_whole(self, opened: FileSet, *, marked: bool) -> None:
        """Close a set if nothing of it is missing; else record with how many files it may be whole.

        Until there are so many, or its marker comes, its files are not even read.
        """
        backoff = self._backoff()
        while True:
            found = self.ledger.load(opened.pipeline, opened.trigger, opened.partition)
            if found is None or found.state is not SetState.OPEN:
                return
            if found.events < found.check_at and not marked:
                return
            missing = self._contents(found).missing
            if not missing.count:
                self._close(found, _WHOLE)
                return
            if self.ledger.check_at(found, found.events + missing.count):
                return
            self._pause(backoff, found)

    def _late(self, found: FileSet) -> None:
        """Begin the run of a late set with what there is, or have an alert sent, once."""
        contents = self._contents(found)
        if found.rules.then == "run" and contents.members:
            self._close(found, _LATE)
            return
        self.report(_late_report(found, contents))
        self.ledger.record_late(found)

    def _close(self, found: FileSet, why: str) -> None:
        if not self._contents(found).members:
            # Only its marker came: a run has at least one file.
            self.report(_late_report(found, self._contents(found)))
            return
        self.ledger.close(found, why, self._stamp())
        self._hand_over_as_it_is(found)

    def _hand_over_as_it_is(self, found: FileSet) -> None:
        now = self.ledger.load(found.pipeline, found.trigger, found.partition)
        if now is not None and now.state in (SetState.CLOSED, SetState.WRITTEN):
            self._hand_over(now)

    def _hand_over(self, closed: FileSet) -> None:
        """Write the list of a closed set's files, and request its run: at least once, always the same.

        Where there are more files, another invocation has done that meanwhile, and the next run has begun for
        what came after: these are not this run's.
        """
        files = self._files(closed)
        if len(files) > closed.events:
            return
        contents = self._contents_of(closed, files)
        if closed.state is SetState.CLOSED:
            self.write(closed, contents.members)
            self.ledger.record_list_written(closed)
        missing = Missing(0) if closed.why == _WHOLE else contents.missing
        self.ask(closed.trigger_message(contents.members, missing, self.work_bucket))
        self.ledger.record_handed_over(closed)

    def _files(self, found: FileSet) -> list[S3Object]:
        """Return the files of a set, all that it counts.

        A query may see a transaction's writes one by one, so the files are counted:
        https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis.html
        """
        backoff = self._backoff()
        while len(files := self.ledger.files(found)) < found.events:
            self._pause(backoff, found)
        return files

    def _contents(self, found: FileSet) -> Contents:
        """Return what a set has and lacks."""
        return self._contents_of(found, self._files(found))

    def _contents_of(self, found: FileSet, files: Sequence[S3Object]) -> Contents:
        contents = contents_of(found, files, self.inbox)
        ordered = sorted(contents.members, key=lambda file: file.key)
        return replace(contents, members=tuple(ordered))

    def _stamp(self) -> str:
        return self.now().isoformat(timespec="milliseconds")

    def _backoff(self) -> Backoff:
        return Backoff(attempts=_ATTEMPTS, base=_BASE_SECONDS, cap=_CAP_SECONDS)

    def _pause(self, backoff: Backoff, found: FileSet) -> None:
        if not backoff.try_again():
            raise UnsettledError(f"The set {found.name} changes all the time; its files come again.")


def _sorted_by_set(
    rules: SetRules, files: Sequence[S3Object]
) -> tuple[dict[str, tuple[dict[str, str], list[S3Object]]], dict[str, str]]:
    """Return files by their sets, with the partition key of each, and the keys that belong to none, with the
    reasons.
    """
    found: dict[str, tuple[dict[str, str], list[S3Object]]] = {}
    unmatched: dict[str, str] = {}
    for file in files:
        partition = rules.partition_of(file.key)
        if isinstance(partition, Unmatched):
            unmatched[file.key] = partition.reason
        else:
            found.setdefault(partition_json(partition), (partition, []))[1].append(file)
    return found, unmatched


def _is_newer(file: S3Object, known: S3Object | None) -> bool:
    """Return whether a file is another version than the one that a set has, and not an older one."""
    if known is None:
        return True
    same = (file.version_id, file.etag) == (known.version_id, known.etag)
    return not same and file.order >= known.order


def _late_report(found: FileSet, contents: Contents) -> SetReport:
    names = ", ".join(contents.missing.names[:20])
    which = f": {names}{', …' if contents.missing.count > 20 else ''}" if names else ""
    return SetReport(
        pipeline=found.pipeline,
        set=found.name,
        event=f"late:{found.generation}",
        text=(
            f"The set {found.name} of {found.rules.pattern} has been open since {found.opened_at}. It has"
            f" {counted(len(contents.members), 'file')}, and"
            f" {counted(contents.missing.count, 'is', 'are')} missing{which}."
            f" To begin its run without them: sluice sets close {found.pipeline} {quote(found.name)}"
        ),
    )


def _after(found: FileSet, files: Sequence[S3Object]) -> SetReport:
    """Return what is reported of files that came when the run had begun. An alert is sent once for the same
    versions of all of them: one of them may have been reported before, and come again with others.
    """
    versions = sorted([file.key, file.version_id or file.etag] for file in files)
    names = ", ".join(file.key for file in files[:20])
    more = ", …" if len(files) > 20 else ""
    return SetReport(
        pipeline=found.pipeline,
        set=found.name,
        event=f"after:{hashlib.sha256(json.dumps(versions).encode()).hexdigest()}",
        text=(
            f"{counted(len(files), 'file')} of the set {found.name} of {found.rules.pattern} came after its"
            f" run {found.run_id} had begun: {names}{more}. "
            + ("It is in no run." if len(files) == 1 else "They are in no run.")
        ),
    )
