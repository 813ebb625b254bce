"""Keeps in the ledger how far a backfill of a command is: when it begins, every few seconds, at its end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from botocore.exceptions import ClientError

from sluice.aws.outages import is_denied
from sluice.backfill.job import WRITTEN_EVERY
from sluice.backfill.records import BackfillProgress, BackfillRecords, stamped

INTERRUPTED = "interrupted"
_MAX_REASON = 200


@dataclass
class Recording:
    """Writes progress, at most every five seconds. Who may not write it backfills all the same: ``denied`` is
    called with the refusal, once.
    """

    records: BackfillRecords
    progress: BackfillProgress
    denied: Callable[[str], None]
    now: Callable[[], datetime]
    is_denied: bool = False

    def moved(self, objects: int, new: int, gone: int = 0) -> None:
        """Take note of how far it is."""
        last = datetime.fromisoformat(self.progress.updated_at)
        moved = stamped(self.progress, self.now(), objects, new, gone)
        if self.now() - last >= WRITTEN_EVERY:
            self.write(moved)
        else:
            self.progress = replace(moved, updated_at=self.progress.updated_at)

    def end(self, stopped: str = "") -> None:
        """Write that it has ended, and why where not all was done."""
        last = self.progress
        ended = stamped(last, self.now(), last.objects, last.new, last.gone)
        self.write(replace(ended, ended=True, stopped=stopped))

    def write(self, progress: BackfillProgress) -> None:
        """Write a progress, unless that is not permitted."""
        self.progress = progress
        if self.is_denied:
            return
        try:
            self.records.write(progress)
        except ClientError as error:
            if not is_denied(error):
                raise
            self.is_denied = True
            self.denied(str(error))


@contextmanager
def recorded(
    records: BackfillRecords,
    *,
    pipeline: str,
    about: str,
    total: int | None,
    denied: Callable[[str], None],
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> Iterator[Recording]:
    """Yield what writes how far a backfill is; its end is written however it ends, but by a kill."""
    at = now().isoformat(timespec="milliseconds")
    begun = BackfillProgress(
        pipeline=pipeline, run_id="", about=about, began_at=at, updated_at=at, total=total
    )
    recording = Recording(records, begun, denied, now)
    recording.write(begun)
    try:
        yield recording
    except BaseException as error:
        told = INTERRUPTED if isinstance(error, KeyboardInterrupt) else str(error) or type(error).__name__
        # What cannot be written then is seen to be silent; the error itself is what a person needs.
        with suppress(ClientError):
            recording.end(told[:_MAX_REASON])
        raise
    recording.end()
