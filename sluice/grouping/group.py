"""A group: uploads that came in a burst, gathered into one run with a file an item."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sluice import keys
from sluice.messages import GroupDue, GroupedUpload, SetDue, SetUpload, Sweep, Triggered, parse_object
from sluice.run.job_names import run_id
from sluice.triggers.trigger_event import S3Object, UploadGroup
from sluice.triggers.upload_patterns import prefix_and_suffix


class GroupState(StrEnum):
    """Where a group stands."""

    OPEN = "OPEN"
    """It takes files."""
    CLOSED = "CLOSED"
    """It takes none any more; the list of its files has perhaps not been written yet."""
    WRITTEN = "WRITTEN"
    """The list is written, and never again: its run may have come and gone. Its run has perhaps not been
    requested yet.
    """
    HANDED_OVER = "TOLD"
    """Its run has been requested; the value is the stored form."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """The ``number``-th group of a trigger, with what its run starts with; times are ISO 8601 in UTC."""

    pipeline: str
    trigger: str
    number: int
    state: GroupState
    opened_at: str
    closes_at: str
    max_files: int
    """The number of files that fill it."""
    files: int
    definition: Mapping[str, Any]
    quiet: int = 0
    """The seconds without a file that close it; 0 for none."""
    last_at: str = ""
    """When the last file came."""

    @classmethod
    def opened(cls, upload: GroupedUpload, number: int, now: datetime, since: datetime) -> Group:
        """Return the group that an upload opens, which came a moment before; what a deploy changes later is
        for later groups.
        """
        upload.definition_location()
        return cls(
            pipeline=upload.pipeline,
            trigger=upload.trigger,
            number=number,
            state=GroupState.OPEN,
            opened_at=since.isoformat(timespec="milliseconds"),
            closes_at=(since + timedelta(seconds=upload.within)).isoformat(timespec="milliseconds"),
            max_files=upload.of,
            files=0,
            definition=dict(upload.definition),
            quiet=upload.after,
            last_at=now.isoformat(timespec="milliseconds"),
        )

    @property
    def name(self) -> str:
        """Return what identifies this group among all of its trigger, also when the ledger has deleted the
        earlier ones.
        """
        return f"{self.opened_at}-{self.number}"

    @property
    def run_id(self) -> str:
        """Return the id of the run that this group becomes."""
        return run_id(self.pipeline, self.trigger, UploadGroup.identity_of(self.name))

    @property
    def manifest(self) -> str:
        """Return the key of the list of its files in the work bucket: under its run's prefix, so that the
        run's cleanup removes it.
        """
        return keys.uploads(self.run_id)

    @property
    def is_full(self) -> bool:
        """Return whether it has as many files as it may have."""
        return self.files >= self.max_files

    def seconds_left(self, now: datetime) -> float:
        """Return how long it stays open, if it is not full earlier; not more than 0 when it is due."""
        left = (datetime.fromisoformat(self.closes_at) - now).total_seconds()
        if not self.quiet or not self.last_at:
            return left
        quiet = (datetime.fromisoformat(self.last_at) - now).total_seconds() + self.quiet
        return min(left, quiet)

    def trigger_message(self, files: Sequence[S3Object], work_bucket: str) -> Triggered:
        """Return the message that requests its run."""
        prefix, suffix = prefix_and_suffix(self.trigger)
        found = UploadGroup(
            bucket=files[0].bucket,
            prefix=prefix,
            suffix=suffix,
            group=self.name,
            files=len(files),
            work_bucket=work_bucket,
            manifest=self.manifest,
        )
        return Triggered(
            pipeline=self.pipeline,
            trigger=self.trigger,
            definition=dict(self.definition),
            detail=found.to_dict(),
        )


GroupMessage = GroupedUpload | GroupDue | SetUpload | SetDue | Sweep


def parse_group_message(body: str) -> GroupMessage:
    """Return the message of the group queue that a body holds; raises MalformedMessageError."""
    document = parse_object(body)
    if document.get("sweep") is True:
        return Sweep()
    if "partition" in document:
        return SetDue.from_json(body)
    if "rules" in document:
        return SetUpload.from_json(body)
    return GroupedUpload.from_json(body) if "detail" in document else GroupDue.from_json(body)
