"""What the ledger keeps of backfills: since when each trigger is reconciled, and how far each backfill is.

``pk = BACKFILL#<pipeline>``, ``sk = SINCE#<trigger>`` has the time from which on objects are looked for, the
earliest that any reconcile was scheduled for; it never expires. ``sk = JOB#<run>`` is the progress of a job,
which is the run of that id, ``sk = JOB#COMMAND#<digest>`` that of a command: one that is begun again, with
the same words, is the same one. While it works it is in the index of the unfinished.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from sluice.aws.table import DynamoDB, Table
from sluice.ledger import records as items
from sluice.ledger.ledger import UNFINISHED_INDEX

_NONE, _UNKNOWN = "-", -1
"""What stands for no text, and for no number."""
PREFIX, SINCE, JOB = "BACKFILL#", "SINCE#", "JOB#"
UNFINISHED = "backfill"
"""The index key of a backfill that has not ended."""
KEPT = timedelta(days=90)
SILENT_AFTER = timedelta(minutes=10)
"""A command that works writes more often."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BackfillProgress:
    """How far a backfill is: how many objects, or times of a schedule, it has looked at, of how many in
    ``total`` where that is known, how many of them were ``new``, and how many are ``gone`` that a report
    names. ``run_id`` is the run whose job it is, empty for a command. Times are ISO 8601 in UTC; ``next_at``
    is when the schedule begins the next one, empty for one that was asked for. ``stopped`` says why it ended
    before all was done.
    """

    pipeline: str
    run_id: str
    about: str
    began_at: str
    updated_at: str
    next_at: str = ""
    objects: int = 0
    new: int = 0
    ended: bool = False
    dry_run: bool = False
    gone: int = 0
    total: int | None = None
    stopped: str = ""

    @property
    def identity(self) -> str:
        """Return by what it is known: by its run, or by what the command was asked for."""
        return self.run_id or f"COMMAND#{hashlib.sha256(self.about.encode()).hexdigest()[:16]}"

    def is_silent(self, now: datetime) -> bool:
        """Return whether a command has said nothing for so long that it has died."""
        silent = now - datetime.fromisoformat(self.updated_at) > SILENT_AFTER
        return not self.run_id and not self.ended and silent


@dataclass(frozen=True, slots=True)
class BackfillRecords:
    """Reads and writes these records; ``client`` is a low-level DynamoDB client."""

    client: DynamoDB
    name: str

    def since(self, pipeline: str, trigger: str, first: datetime) -> datetime:
        """Return since when a trigger is reconciled: ``first``, unless a reconcile of an earlier time has
        recorded that. The first one may come behind the second: an outage held its message back.
        """
        key = items.values_of(pk=PREFIX + pipeline, sk=SINCE + trigger)
        found = self._table.try_update(
            key,
            "SET #at = :at",
            "attribute_not_exists(pk) OR #at > :at",  # ISO 8601 in UTC: their order is that of time.
            items.names("at"),
            items.values(at=_text(first)),
        )
        if found.done:
            return first
        before = found.before or self._table.item(key)
        assert before is not None, "nothing deletes it"  # noqa: S101
        return datetime.fromisoformat(before["at"]["S"])

    def write(self, progress: BackfillProgress) -> None:
        """Write the progress of a backfill: what it wrote before is overwritten, also by another attempt."""
        given: dict[str, str | int] = {
            "pipeline": progress.pipeline,
            "run": progress.run_id or _NONE,
            "about": progress.about,
            "created_at": progress.began_at,
            "updated_at": progress.updated_at,
            "next_at": progress.next_at or _NONE,
            "objects": progress.objects,
            "new": progress.new,
            "ended": int(progress.ended),
            "dry_run": int(progress.dry_run),
            "gone": progress.gone,
            "total": _UNKNOWN if progress.total is None else progress.total,
            "stopped": progress.stopped or _NONE,
            "expires_at": int((datetime.fromisoformat(progress.began_at) + KEPT).timestamp()),
            **({} if progress.ended else {"unfinished": UNFINISHED}),
        }
        changes = ", ".join(f"#{name} = :{name}" for name in given)
        self.client.update_item(
            TableName=self.name,
            Key=items.values_of(pk=PREFIX + progress.pipeline, sk=JOB + progress.identity),
            UpdateExpression=f"SET {changes}{' REMOVE #unfinished' if progress.ended else ''}",
            ExpressionAttributeNames=items.names("unfinished", *given)
            if progress.ended
            else items.names(*given),
            ExpressionAttributeValues=items.values(**given),
        )

    def of(self, pipeline: str) -> list[BackfillProgress]:
        """Return the backfills of a pipeline of the last 90 days, the newest first."""
        found = self._table.pages(
            KeyConditionExpression="pk = :pk AND begins_with(sk, :job)",
            ExpressionAttributeValues=items.values(pk=PREFIX + pipeline, job=JOB),
            ConsistentRead=True,
        )
        return sorted(map(_progress, found), key=lambda one: one.began_at, reverse=True)

    def unfinished(self) -> Iterator[BackfillProgress]:
        """Yield the backfills of all pipelines that have not ended, or died, as they are now."""
        for item in list(
            self._table.pages(
                IndexName=UNFINISHED_INDEX,
                KeyConditionExpression="unfinished = :open",
                ExpressionAttributeValues=items.values(open=UNFINISHED),
            )
        ):
            now = self._table.item({name: item[name] for name in ("pk", "sk")})
            if now is not None:
                yield _progress(now)

    @property
    def _table(self) -> Table:
        return Table(self.client, self.name)


def stamped(
    progress: BackfillProgress, now: datetime, objects: int, new: int, gone: int = 0
) -> BackfillProgress:
    """Return a progress as it is now."""
    return replace(progress, objects=objects, new=new, gone=gone, updated_at=_text(now))


def _text(time: datetime) -> str:
    return time.astimezone(UTC).isoformat(timespec="milliseconds")


def _progress(item: items.Item) -> BackfillProgress:
    total = int(item["total"]["N"]) if "total" in item else _UNKNOWN
    return BackfillProgress(
        pipeline=item["pipeline"]["S"],
        run_id=_text_in(item, "run"),
        about=item["about"]["S"],
        began_at=item["created_at"]["S"],
        updated_at=item["updated_at"]["S"],
        next_at=_text_in(item, "next_at"),
        objects=int(item["objects"]["N"]),
        new=int(item["new"]["N"]),
        ended=bool(int(item["ended"]["N"])),
        dry_run=bool(int(item["dry_run"]["N"])),
        # Backfills of before have none.
        gone=int(item.get("gone", {"N": "0"})["N"]),
        total=None if total == _UNKNOWN else total,
        stopped=_text_in(item, "stopped"),
    )


def _text_in(item: items.Item, name: str) -> str:
    """Return a text, empty where there is none, as before there was any."""
    found = item[name]["S"] if name in item else _NONE
    return "" if found == _NONE else str(found)
