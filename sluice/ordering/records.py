"""How queues of runs are written as DynamoDB items, and read back.

``pk = RUNQUEUE#<pipeline>#<digest of the key>`` with ``sk = QUEUE`` is a queue, with ``sk = WAIT#<order of
the version>#<arrival>`` a run that waits.
"""

from __future__ import annotations

import hashlib
import json
from datetime import datetime

from sluice.ledger.records import Item, expires_at, values_of
from sluice.ordering.run_queue import Holder, QueueKey, RunQueue, WaitingRun

PREFIX, QUEUE, WAIT = "RUNQUEUE#", "QUEUE", "WAIT#"
UNFINISHED = "run-queue"
"""The index key of a queue in which runs run or wait."""
WAITING = "waiting"
"""The index key of a run that waits in its queue."""


def partition(key: QueueKey) -> str:
    """Return the partition key of a queue: a key of S3 may be longer than DynamoDB's may."""
    digest = hashlib.sha256(key.key.encode()).hexdigest()[:32]
    return f"{PREFIX}{key.pipeline}#{digest}"


def queue_key(key: QueueKey) -> Item:
    """Return the key of a queue's item."""
    return values_of(pk=partition(key), sk=QUEUE)


def waiting_key(key: QueueKey, place: str) -> Item:
    """Return the key of a waiting run's item."""
    return values_of(pk=partition(key), sk=place)


def place(order: str, arrival: int) -> str:
    """Return the sort key of a run: by the version of its object where that is known, then by arrival."""
    return f"{WAIT}{order}#{arrival:012d}"


def queue_attributes(queue: RunQueue, now: datetime) -> dict[str, str | int]:
    """Return what is written of a queue, beside its key."""
    stamp = now.isoformat(timespec="milliseconds")
    return {
        "pipeline": queue.key.pipeline,
        "key": queue.key.key,
        "max_runs": queue.max_runs,
        "running": json.dumps([[one.run_id, one.round] for one in queue.running], separators=(",", ":")),
        "waiting": queue.waiting,
        "arrivals": queue.arrivals,
        "revision": queue.revision,
        "newest_order": queue.newest_order,
        "newest_run": queue.newest_run,
        "created_at": stamp,
        "expires_at": expires_at(stamp),
    }


def queue_from(item: Item) -> RunQueue:
    """Return the queue that an item holds."""
    return RunQueue(
        key=QueueKey(item["pipeline"]["S"], item["key"]["S"]),
        max_runs=int(item["max_runs"]["N"]),
        running=tuple(Holder(*one) for one in json.loads(item["running"]["S"])),
        waiting=int(item["waiting"]["N"]),
        arrivals=int(item["arrivals"]["N"]),
        revision=int(item["revision"]["N"]),
        newest_order=item["newest_order"]["S"],
        newest_run=item["newest_run"]["S"],
    )


def waiting_item(key: QueueKey, run: WaitingRun) -> Item:
    """Return the item of a run that waits."""
    return waiting_key(key, run.place) | values_of(
        run=run.run_id, round=run.round, arrived_at=run.arrived_at, expires_at=expires_at(run.arrived_at)
    )


def waiting_from(item: Item) -> WaitingRun:
    """Return the waiting run that an item holds."""
    return WaitingRun(
        run_id=item["run"]["S"],
        place=item["sk"]["S"],
        arrived_at=item["arrived_at"]["S"],
        round=int(item["round"]["N"]),
    )
