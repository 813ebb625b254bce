"""Paused pipelines: no run of theirs begins, and the messages that would begin one are kept in order.

``pk = PAUSES``, ``sk = <pipeline>`` is a pause, with how many messages are kept and how many of them were
released. ``pk = PAUSED#<pipeline>``, ``sk = SHARD#<number>`` is there while it lasts: the transaction that
begins a run has the condition that its shard is not, so that pausing costs a run no call. There are several
because transactions on one item refuse each other. ``pk = KEPT#<pipeline>`` has each message twice: ``sk =
AT#<time>#<run>`` in the order of arrival, and ``sk = RUN#<run>`` so that the same event is kept once. None of
them expires. See docs/decisions/0040-ways-in.md.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from itertools import islice
from typing import Any

from sluice.aws.table import DynamoDB, Table
from sluice.errors import SluiceError
from sluice.ledger import records as items

PAUSES, PAUSED, KEPT = "PAUSES", "PAUSED#", "KEPT#"
SHARDS = 16
_AT, _RUN = "AT#", "RUN#"


class PausedError(SluiceError):
    """The pipeline is paused, so no run of it begins."""


class PauseState(StrEnum):
    """Whether a paused pipeline stays so."""

    PAUSED = "PAUSED"
    RELEASING = "RELEASING"
    """What was kept is being started, in order; what arrives meanwhile is kept behind it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    """A pipeline that is paused ``since`` a time (ISO 8601, UTC), with how many messages wait."""

    pipeline: str
    state: PauseState
    since: str
    reason: str
    kept: int
    released: int

    @property
    def waiting(self) -> int:
        """Return how many messages are kept and not released."""
        return self.kept - self.released


@dataclass(frozen=True, slots=True)
class KeptMessage:
    """A message that waits: the run that it begins, its body, and its place."""

    run_id: str
    body: str
    sort_key: str


def not_paused(table: str, pipeline: str, run_id: str) -> items.Item:
    """Return the condition, for the transaction that begins a run, that its pipeline is not paused."""
    return {
        "ConditionCheck": {
            "TableName": table,
            "Key": _shard(pipeline, zlib.crc32(run_id.encode()) % SHARDS),
            "ConditionExpression": "attribute_not_exists(pk)",
        }
    }


@dataclass(frozen=True, slots=True)
class Pauses:
    """Reads and writes pauses and what is kept."""

    client: DynamoDB
    table: str

    def pause(self, pipeline: str, reason: str, now: str) -> bool:
        """Pause a pipeline, also one that is being released; return False when it is paused already."""
        state = items.values_of(
            pk=PAUSES, sk=pipeline, state=PauseState.PAUSED, since=now, reason=reason, kept=0, released=0
        )
        new = {"Put": self._named({"Item": state, "ConditionExpression": "attribute_not_exists(pk)"})}
        shards = [{"Put": self._named({"Item": _shard(pipeline, one)})} for one in range(SHARDS)]
        if not self._table.try_transact([new, *shards]):
            return True
        return self._table.update(
            _pause_key(pipeline),
            "SET #state = :paused, #reason = :reason",
            "#state = :releasing",
            items.names("state", "reason"),
            items.values(paused=PauseState.PAUSED, releasing=PauseState.RELEASING, reason=reason),
        )

    def release(self, pipeline: str) -> bool:
        """Mark a pause as ending; return False when the pipeline is not paused."""
        return self._table.update(
            _pause_key(pipeline),
            "SET #state = :releasing",
            "attribute_exists(pk)",
            items.names("state"),
            items.values(releasing=PauseState.RELEASING),
        )

    def read(self, pipeline: str) -> Pause | None:
        """Return the pause of a pipeline, None when it is not paused."""
        found = self._table.item(_pause_key(pipeline))
        return _pause(found) if found else None

    def all(self) -> list[Pause]:
        """Return the pauses of all pipelines, by their names."""
        found = self._table.pages(
            KeyConditionExpression="pk = :pk", ExpressionAttributeValues=items.values(pk=PAUSES)
        )
        return [_pause(item) for item in found]

    def keep(self, pipeline: str, run_id: str, body: str, now: str) -> bool:
        """Keep a message, once for each run that it begins; return False when the pipeline is not paused any
        more, and nothing was kept.
        """
        once = items.values_of(pk=KEPT + pipeline, sk=_RUN + run_id)
        place = items.values_of(pk=KEPT + pipeline, sk=f"{_AT}{now}#{run_id}", run=run_id, body=body)
        count = {
            "Key": _pause_key(pipeline),
            "UpdateExpression": "SET #kept = #kept + :one",
            "ConditionExpression": "attribute_exists(pk)",
            "ExpressionAttributeNames": items.names("kept"),
            "ExpressionAttributeValues": items.values(one=1),
        }
        failed = self._table.try_transact(
            [
                {"Put": self._named({"Item": once, "ConditionExpression": "attribute_not_exists(pk)"})},
                {"Put": self._named({"Item": place})},
                {"Update": self._named(count)},
            ]
        )
        return 2 not in failed

    def kept(self, pipeline: str, limit: int) -> list[KeptMessage]:
        """Return the first messages that wait, in the order of their arrival."""
        return [
            KeptMessage(item["run"]["S"], item["body"]["S"], item["sk"]["S"])
            for item in islice(self._places(pipeline, limit), limit)
        ]

    def forget(self, pipeline: str, message: KeptMessage) -> None:
        """Take a message off whose run has begun, and count it as released; once, however often."""
        count = {
            "Key": _pause_key(pipeline),
            "UpdateExpression": "SET #released = #released + :one",
            "ConditionExpression": "attribute_exists(pk)",
            "ExpressionAttributeNames": items.names("released"),
            "ExpressionAttributeValues": items.values(one=1),
        }
        place = items.values_of(pk=KEPT + pipeline, sk=message.sort_key)
        once = items.values_of(pk=KEPT + pipeline, sk=_RUN + message.run_id)
        self._table.try_transact(
            [
                {"Delete": self._named({"Key": place, "ConditionExpression": "attribute_exists(pk)"})},
                {"Delete": self._named({"Key": once})},
                {"Update": self._named(count)},
            ]
        )

    def end(self, pause: Pause) -> bool:
        """End a pause whose messages have all been released; return False when another one was kept
        meanwhile, or the pipeline was paused again.
        """
        over = {
            "Key": _pause_key(pause.pipeline),
            "ConditionExpression": "#state = :releasing AND #kept = #released",
            "ExpressionAttributeNames": items.names("state", "kept", "released"),
            "ExpressionAttributeValues": items.values(releasing=PauseState.RELEASING),
        }
        shards = [
            {"Delete": self._named({"Key": _shard(pause.pipeline, number)})} for number in range(SHARDS)
        ]
        return not self._table.try_transact([{"Delete": self._named(over)}, *shards])

    @property
    def _table(self) -> Table:
        return Table(self.client, self.table)

    def _places(self, pipeline: str, limit: int) -> Iterator[items.Item]:
        return self._table.pages(
            KeyConditionExpression="pk = :pk AND begins_with(sk, :at)",
            ExpressionAttributeValues=items.values(pk=KEPT + pipeline, at=_AT),
            ConsistentRead=True,
            Limit=limit,
        )

    def _named(self, write: dict[str, Any]) -> dict[str, Any]:
        return {"TableName": self.table, **write}


def arrived_now() -> str:
    """Return the time that orders messages, to the microsecond."""
    return datetime.now(UTC).isoformat(timespec="microseconds")


def _pause_key(pipeline: str) -> items.Item:
    return items.values_of(pk=PAUSES, sk=pipeline)


def _shard(pipeline: str, number: int) -> items.Item:
    return items.values_of(pk=PAUSED + pipeline, sk=f"SHARD#{number:02d}")


def _pause(item: items.Item) -> Pause:
    return Pause(
        pipeline=item["sk"]["S"],
        state=PauseState(item["state"]["S"]),
        since=item["since"]["S"],
        reason=item["reason"]["S"],
        kept=int(item["kept"]["N"]),
        released=int(item["released"]["N"]),
    )
