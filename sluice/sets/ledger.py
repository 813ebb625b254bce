"""Reads and writes sets of files in the ledger's table, by conditional writes.

A list of files and the count of the set are written in one transaction, and only while the set is open: what
is recorded is in the run. See docs/decisions/0039-sets-and-order.md.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sluice.aws.table import DynamoDB, Item, Table
from sluice.ledger.ledger import UNFINISHED_INDEX
from sluice.ledger.records import names, values
from sluice.sets import records
from sluice.sets.file_set import NEVER, FileSet, SetState
from sluice.triggers.trigger_event import S3Object


@dataclass(frozen=True, slots=True, kw_only=True)
class UnmatchedKeys:
    """Keys that belong to no set of a trigger, each with its reason; ``count`` with those that are not
    named.
    """

    trigger: str
    keys: Mapping[str, str]
    count: int
    at: str


class SetLedger:
    """Reads and writes sets."""

    def __init__(self, client: DynamoDB, table: str) -> None:
        self._table = Table(client, table)

    def load(self, pipeline: str, trigger: str, partition: Mapping[str, str]) -> FileSet | None:
        """Return the set of a partition key as it is now, None where no file of it has come."""
        pk = records.partition(pipeline, trigger, partition)
        found = self._query(pk, records.SET)
        return next((records.set_from(item) for item in found if item["sk"]["S"] == records.SET), None)

    def open(self, found: FileSet, files: Sequence[S3Object], now: str) -> bool:
        """Write a new set with its first files; False when there is one."""
        item = records.set_item(found) | {"events": {"N": str(len(files))}}
        return self._transact(
            [self._put(item, "attribute_not_exists(pk)"), self._put(records.files_item(found, files, now))]
        )

    def add(self, found: FileSet, files: Sequence[S3Object], now: str) -> bool:
        """Put files into a set; False when it is not open any more."""
        count = self._update(
            found,
            "SET #events = #events + :n, #last_at = :now",
            "#state = :open",
            n=len(files),
            now=now,
            open=SetState.OPEN,
        )
        return self._transact([count, self._put(records.files_item(found, files, now))])

    def add_after(self, found: FileSet, files: Sequence[S3Object], now: str) -> bool:
        """Record files that came when the run of a set had begun; False when it is not as it was."""
        count = self._update(
            found,
            "SET #after = #after + :n, #last_at = :now",
            "#state = :done AND #generation = :generation",
            n=len(files),
            now=now,
            done=SetState.HANDED_OVER,
            generation=found.generation,
        )
        return self._transact([count, self._put(records.files_item(found, files, now, records.AFTER))])

    def begin_again(self, found: FileSet, files: Sequence[S3Object], now: str) -> bool:
        """Put files into a set whose run had begun, and close it for another run; False when it is not as it
        was.
        """
        update = self._update(
            found,
            "SET #events = #events + :n, #last_at = :now, #state = :closed, #generation = :next,"
            " #unfinished = :open, #created_at = :now, #why = :why",
            "#state = :done AND #generation = :generation",
            n=len(files),
            now=now,
            closed=SetState.CLOSED,
            next=found.generation + 1,
            open=records.UNFINISHED,
            why="files that came after",
            done=SetState.HANDED_OVER,
            generation=found.generation,
        )
        return self._transact([update, self._put(records.files_item(found, files, now))])

    def check_at(self, found: FileSet, events: int) -> bool:
        """Record with how many files a set may be whole; False when some have come meanwhile."""
        return self._change(
            found,
            "SET #check_at = :at",
            "#state = :open AND #events = :events",
            at=events,
            open=SetState.OPEN,
            events=found.events,
        )

    def close(self, found: FileSet, why: str, now: str) -> bool:
        """Take no more files into a set; False when it was closed already."""
        return self._change(
            found,
            "SET #state = :closed, #why = :why, #created_at = :now",
            "#state = :open",
            closed=SetState.CLOSED,
            why=why,
            now=now,
            open=SetState.OPEN,
        )

    def record_late(self, found: FileSet) -> bool:
        """Record that an alert of a late set was sent: it waits for its files alone from now on."""
        return self._change(
            found, "SET #created_at = :never", "#state = :open", never=NEVER, open=SetState.OPEN
        )

    def record_list_written(self, found: FileSet) -> bool:
        """Record that the list of the files of a closed set is written."""
        return self._change(
            found,
            "SET #state = :written",
            "#state = :closed AND #generation = :generation",
            written=SetState.WRITTEN,
            closed=SetState.CLOSED,
            generation=found.generation,
        )

    def record_handed_over(self, found: FileSet) -> bool:
        """Record that the run of a set was requested."""
        return self._change(
            found,
            "SET #state = :done REMOVE #unfinished",
            "(#state = :written OR #state = :closed) AND #generation = :generation",
            done=SetState.HANDED_OVER,
            written=SetState.WRITTEN,
            closed=SetState.CLOSED,
            generation=found.generation,
        )

    def files(self, found: FileSet, beginning: str = records.FILES) -> list[S3Object]:
        """Return the files of a set, those that came twice twice."""
        pk = records.partition(found.pipeline, found.trigger, found.partition)
        return [file for item in self._query(pk, beginning) for file in records.files_from(item)]

    def unfinished(self, due: str | None = None) -> Iterator[FileSet]:
        """Yield the sets that are open or on their way to a run; with ``due`` those that are due by then."""
        condition = "unfinished = :set" + (" AND created_at <= :due" if due else "")
        given = values(set=records.UNFINISHED, **({"due": due} if due else {}))
        found = list(
            self._table.pages(
                IndexName=UNFINISHED_INDEX, KeyConditionExpression=condition, ExpressionAttributeValues=given
            )
        )
        for item in found:
            yield from (
                records.set_from(one)
                for one in self._query(item["pk"]["S"], records.SET)
                if one["sk"]["S"] == records.SET and "unfinished" in one
            )

    def record_unmatched(self, pipeline: str, trigger: str, keys: Mapping[str, str], now: str) -> None:
        """Record keys that belong to no set, where people see them."""
        self._transact([self._put(records.unmatched_item(pipeline, trigger, keys, now))])

    def unmatched(self, pipeline: str) -> list[UnmatchedKeys]:
        """Return the keys that belong to no set of a pipeline, as they came."""
        return [
            UnmatchedKeys(
                trigger=item["trigger"]["S"],
                keys=json.loads(item["keys"]["S"]),
                count=int(item["count"]["N"]),
                at=item["at"]["S"],
            )
            for item in self._query(records.UNMATCHED_PARTITIONS + pipeline, records.UNMATCHED)
        ]

    def _query(self, pk: str, beginning: str) -> Iterator[Item]:
        return self._table.pages(
            KeyConditionExpression="pk = :pk AND begins_with(sk, :beginning)",
            ExpressionAttributeValues=values(pk=pk, beginning=beginning),
            ConsistentRead=True,
        )

    def _put(self, item: Item, condition: str | None = None) -> Item:
        more = {"ConditionExpression": condition} if condition else {}
        return {"Put": {"TableName": self._table.name, "Item": item, **more}}

    def _update(self, found: FileSet, update: str, condition: str, **given: str | int) -> Item:
        attributes = [
            name
            for name in (
                "state",
                "events",
                "last_at",
                "after",
                "generation",
                "unfinished",
                "created_at",
                "why",
                "check_at",
            )
            if f"#{name}" in update + condition
        ]
        return {
            "Update": {
                "TableName": self._table.name,
                "Key": records.set_key(found),
                "UpdateExpression": update,
                "ConditionExpression": condition,
                "ExpressionAttributeNames": names(*attributes),
                "ExpressionAttributeValues": values(**given),
            }
        }

    def _change(self, found: FileSet, update: str, condition: str, **given: str | int) -> bool:
        request: dict[str, Any] = self._update(found, update, condition, **given)["Update"]
        return self._table.update(
            request["Key"],
            request["UpdateExpression"],
            request["ConditionExpression"],
            request["ExpressionAttributeNames"],
            request["ExpressionAttributeValues"],
        )

    def _transact(self, writes: list[Item]) -> bool:
        return not self._table.try_transact(writes)
