"""A set of files: where it stands, and what it starts its run with. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sluice import keys
from sluice.messages import SetUpload, Triggered
from sluice.run.job_names import run_id
from sluice.triggers.set_rules import Missing, SetRules, partition_json, partition_text
from sluice.triggers.trigger_event import S3Object, UploadSet

NEVER = "9999-12-31T00:00:00.000+00:00"
"""When a set is due that waits for its files alone."""
UNMARKED = 10**9
"""The number of files at which a set without its marker is checked."""
MAX_NAMED = 100
"""Missing files that a run is told by name."""


class SetState(StrEnum):
    """Where a set stands."""

    OPEN = "OPEN"
    """Files are missing."""
    CLOSED = "CLOSED"
    """It is to become a run; the list of its files has perhaps not been written yet."""
    WRITTEN = "WRITTEN"
    """The list is written, and never again. Its run has perhaps not been requested yet."""
    HANDED_OVER = "HANDED_OVER"
    """Its run has been requested."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileSet:
    """The set of a partition key of a trigger; times are ISO 8601 in UTC.

    ``events`` counts the uploads that were recorded, a file that came twice twice; when they are
    ``check_at``, the set may be whole. ``after`` counts uploads that came when its run had begun, ``why``
    says what closed it, and ``generation`` how many runs it was before.
    """

    pipeline: str
    trigger: str
    partition: Mapping[str, str]
    state: SetState
    rules: SetRules
    definition: Mapping[str, str]
    opened_at: str
    last_at: str
    due_at: str = NEVER
    events: int = 0
    check_at: int = 0
    generation: int = 0
    after: int = 0
    why: str = ""

    @classmethod
    def opened(
        cls, upload: SetUpload, rules: SetRules, partition: Mapping[str, str], now: datetime
    ) -> FileSet:
        """Return the set that a file opens now; what a deploy changes later is for later sets."""
        bucket, key = upload.definition_location()
        due = (now + timedelta(seconds=rules.late)) if rules.late is not None else None
        return cls(
            pipeline=upload.pipeline,
            trigger=upload.trigger,
            partition=dict(partition),
            state=SetState.OPEN,
            rules=rules,
            definition={"bucket": bucket, "key": key},
            opened_at=_stamp(now),
            last_at=_stamp(now),
            due_at=_stamp(due) if due else NEVER,
            check_at=UNMARKED if rules.marker else len(rules.expected) or rules.expect,
        )

    @property
    def name(self) -> str:
        """Return what people call it: ``date=2026-01-01``."""
        return partition_text(self.partition)

    @property
    def identity(self) -> str:
        """Return what identifies its present run among all of its trigger."""
        return f"{partition_json(self.partition)}#{self.generation}"

    @property
    def run_id(self) -> str:
        """Return the id of the run that it becomes."""
        return run_id(self.pipeline, self.trigger, UploadSet.identity_of(self.identity))

    @property
    def manifest(self) -> str:
        """Return the key of the list of its files in the work bucket."""
        return keys.uploads(self.run_id)

    def is_due(self, now: datetime) -> bool:
        """Return whether it is late."""
        return _stamp(now) >= self.due_at

    def trigger_message(self, files: Sequence[S3Object], missing: Missing, work_bucket: str) -> Triggered:
        """Return the message that requests its run."""
        found = UploadSet(
            bucket=files[0].bucket,
            prefix=self.rules.pattern,
            suffix="",
            group=self.identity,
            files=len(files),
            work_bucket=work_bucket,
            manifest=self.manifest,
            partition=self.partition,
            missing=missing.names[:MAX_NAMED],
            missing_count=missing.count,
            generation=self.generation,
        )
        return Triggered(
            pipeline=self.pipeline,
            trigger=self.trigger,
            definition=dict(self.definition),
            detail=found.to_dict(),
        )


def _stamp(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds")
