"""The writes of a transaction that changes a queue of runs. Pure.

They are conditional all: on the queue as it was read, and on runs that still wait.
"""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime

from sluice.ledger import listed
from sluice.ledger import records as items
from sluice.ledger.records import Item
from sluice.ordering import records
from sluice.ordering.run_queue import QueueKey, RunQueue, WaitingRun
from sluice.run.state import Run, RunState

_NEW = "attribute_not_exists(pk)"


def put(table: str, item: Item) -> Item:
    """Return the write of an item that is not there yet."""
    return {"Put": {"TableName": table, "Item": item, "ConditionExpression": _NEW}}


def put_run(table: str, run: Run, place: str, now: datetime, replaced_by: str = "") -> Item:
    """Return the write of a new run in its state."""
    item = listed.run_item(run) | items.values_of(place=place)
    if run.state is RunState.WAITING:
        item |= items.values_of(unfinished=records.WAITING)
    if run.state is RunState.REPLACED:
        del item["unfinished"]
        item |= items.values_of(ended_at=_stamp(now), replaced_by=replaced_by)
    return put(table, item)


def change_queue(table: str, before: RunQueue, after: RunQueue, now: datetime) -> Item:
    """Return the write of a changed queue, on the condition that it is as it was before."""
    changed = replace(after, revision=before.revision + 1)
    given = records.queue_attributes(changed, now)
    remove = " REMOVE #unfinished" if changed.is_idle else ""
    given |= {} if changed.is_idle else {"unfinished": records.UNFINISHED}
    condition = "#revision = :then" if before.revision else _NEW
    then = items.values(then=before.revision) if before.revision else {}
    return {
        "Update": {
            "TableName": table,
            "Key": records.queue_key(before.key),
            "UpdateExpression": "SET " + ", ".join(f"#{name} = :{name}" for name in given) + remove,
            "ConditionExpression": condition,
            "ExpressionAttributeNames": items.names("unfinished", *given),
            "ExpressionAttributeValues": items.values(**given) | then,
        }
    }


def begin_run(table: str, waiting: WaitingRun, now: datetime) -> Item:
    """Return the write by which a waiting run begins; from then on its time counts."""
    return _change_run(
        table,
        waiting.run_id,
        "SET #state = :running, #unfinished = :open, #created_at = :now, #arrived_at = :arrived_at,"
        " #listed = :listed, #listed_at = :now",
        running=RunState.RUNNING,
        open=items.UNFINISHED,
        now=_stamp(now),
        arrived_at=waiting.arrived_at,
        **listed.state_attributes(waiting.run_id, RunState.RUNNING),
    )


def replace_run(table: str, waiting: WaitingRun, by: str, now: datetime) -> Item:
    """Return the write by which another run replaces a waiting one."""
    return _change_run(
        table,
        waiting.run_id,
        "SET #state = :replaced, #ended_at = :now, #replaced_by = :by, #listed = :listed REMOVE #unfinished",
        replaced=RunState.REPLACED,
        now=_stamp(now),
        by=by,
        **listed.state_attributes(waiting.run_id, RunState.REPLACED),
    )


def queue_run(table: str, run_id: str, place: str) -> Item:
    """Return the write by which a run that was resumed waits in its queue, unless it does already."""
    return _change_run(
        table,
        run_id,
        "SET #unfinished = :in_queue, #place = :place",
        " AND #unfinished = :open",
        in_queue=records.WAITING,
        place=place,
        open=items.UNFINISHED,
    )


def forget(table: str, key: QueueKey, waiting: WaitingRun) -> Item:
    """Return the write that takes a waiting run out of the queue."""
    taken = records.waiting_key(key, waiting.place)
    return {"Delete": {"TableName": table, "Key": taken, "ConditionExpression": "attribute_exists(pk)"}}


def _change_run(table: str, run_id: str, update: str, condition: str = "", **given: str) -> Item:
    named = (
        "state",
        "unfinished",
        "created_at",
        "arrived_at",
        "ended_at",
        "replaced_by",
        "place",
        "listed",
        "listed_at",
    )
    used = [name for name in named if _uses(update + condition, name) or name == "state"]
    return {
        "Update": {
            "TableName": table,
            "Key": items.run_key(run_id),
            "UpdateExpression": update,
            "ConditionExpression": f"#state = :waiting{condition}",
            "ExpressionAttributeNames": items.names(*used),
            "ExpressionAttributeValues": items.values(waiting=RunState.WAITING, **given),
        }
    }


def _uses(expression: str, name: str) -> bool:
    return re.search(rf"#{name}\b", expression) is not None


def _stamp(now: datetime) -> str:
    return now.isoformat(timespec="milliseconds")
