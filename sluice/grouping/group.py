"""A group: uploads that came in a burst, gathered into one run with a file an item."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sluice import keys
from sluice.messages import GroupDue, GroupedUpload, Sweep, Triggered, parse_object
from sluice.run.job_names import run_id
from sluice.triggers.trigger_event import S3Object, UploadGroup


class GroupState(StrEnum):
    """Where a group stands."""

    OPEN = "OPEN"
    """It takes files."""
    CLOSED = "CLOSED"
    """It takes none any more; the list of its files has perhaps not been written yet."""
    WRITTEN = "WRITTEN"
    """The list is written, and never again: its run may have come and gone. Its run has perhaps not been
    asked for yet.
    """
    TOLD = "TOLD"
    """Its run has been asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """The ``number``-th group of a trigger, with what its run starts with; times are ISO 8601 in UTC."""

    pipeline: str
    trigger: str
    number: int
    state: GroupState
    opened_at: str
    closes_at: str
    most: int
    """How many files fill it."""
    files: int
    definition: Mapping[str, str]

    @classmethod
    def opened(cls, upload: GroupedUpload, number: int, now: datetime) -> Group:
        """Return the group that an upload opens now; what a deploy changes later is for the groups after
        it.
        """
        bucket, key = upload.definition_location()
        return cls(
            pipeline=upload.pipeline,
            trigger=upload.trigger,
            number=number,
            state=GroupState.OPEN,
            opened_at=now.isoformat(timespec="milliseconds"),
            closes_at=(now + timedelta(seconds=upload.within)).isoformat(timespec="milliseconds"),
            most=upload.of,
            files=0,
            definition={"bucket": bucket, "key": key},
        )

    @property
    def name(self) -> str:
        """Return what tells this group from every other of its trigger, also when the ledger has forgotten
        those before it.
        """
        return f"{self.opened_at}-{self.number}"

    @property
    def run_id(self) -> str:
        """Return the id of the run that this group becomes."""
        return run_id(self.pipeline, self.trigger, UploadGroup.identity_of(self.name))

    @property
    def manifest(self) -> str:
        """Return the key of its files in the work bucket: among what is its run's, so that the run's cleanup
        removes it.
        """
        return keys.uploads(self.run_id)

    @property
    def full(self) -> bool:
        """Return whether it has as many files as it may have."""
        return self.files >= self.most

    def seconds_left(self, now: datetime) -> float:
        """Return how long it takes files still, if it is not full before; not more than 0 when it is due."""
        return (datetime.fromisoformat(self.closes_at) - now).total_seconds()

    def told(self, files: Sequence[S3Object], work_bucket: str) -> Triggered:
        """Return the message that asks for its run."""
        prefix, _, suffix = self.trigger.partition(":")[2].partition("*")
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


def parse_group_message(body: str) -> GroupedUpload | GroupDue | Sweep:
    """Return what a message of the group queue says; raises MalformedMessageError."""
    document = parse_object(body)
    if document.get("sweep") is True:
        return Sweep()
    return GroupedUpload.from_json(body) if "detail" in document else GroupDue.from_json(body)
