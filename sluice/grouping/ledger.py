"""Reads and writes groups in the ledger's table, so that a file gets into exactly one.

The record of a file, the list of the group's files that names it, and the group's count are written in one
transaction: all or nothing, and only while the group is open. See docs/decisions/0012-groups-of-uploads.md.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sluice.aws.table import DynamoDB, Item, Table
from sluice.grouping import records as group_items
from sluice.grouping.group import Group, GroupState
from sluice.grouping.newest import with_newer_versions
from sluice.ledger.ledger import UNFINISHED_INDEX
from sluice.ledger.records import names, values
from sluice.limits import MAX_TRANSACTION_ITEMS
from sluice.triggers.trigger_event import S3Object

MAX_ADDED = MAX_TRANSACTION_ITEMS - 2
"""Files that can be added at once; the group and the list are two items beside the records of the files."""
_NEW = "attribute_not_exists(pk)"


@dataclass(frozen=True, slots=True)
class Refused:
    """Why nothing was added: the group takes no more, or some of the files (by their positions) are in a
    group already.
    """

    by_group: bool
    known: frozenset[int]


class GroupLedger:
    """Reads and writes groups."""

    def __init__(self, client: DynamoDB, table: str) -> None:
        self._table = Table(client, table)

    def newest(self, pipeline: str, trigger: str) -> Group | None:
        """Return the last group of a trigger, whether it is open or not."""
        return self._first(group_items.partition(pipeline, trigger), group_items.GROUP)

    def load(self, pipeline: str, trigger: str, number: int) -> Group | None:
        """Return a group, None when there is none of that number."""
        return self._first(group_items.partition(pipeline, trigger), group_items.group_sort_key(number))

    def open(self, group: Group, files: Sequence[S3Object], now: str) -> Refused | None:
        """Write a new group with its first files, at most 98; all or nothing."""
        return self._add(
            self._put(group_items.group_item(replace(group, files=len(files))), _NEW), group, files, now
        )

    def add(self, group: Group, files: Sequence[S3Object], now: str) -> Refused | None:
        """Put at most 98 more files into a group, while it is open and has room for all of them; all or
        nothing.
        """
        count = {
            "TableName": self._table.name,
            "Key": group_items.group_key(group),
            "UpdateExpression": "SET #files = #files + :files" + (", #last_at = :now" if group.quiet else ""),
            "ConditionExpression": "#state = :open AND #files <= :room",
            "ExpressionAttributeNames": names("files", "state", *(["last_at"] if group.quiet else [])),
            "ExpressionAttributeValues": values(
                files=len(files),
                open=GroupState.OPEN,
                room=group.max_files - len(files),
                **({"now": now} if group.quiet else {}),
            ),
        }
        return self._add({"Update": count}, group, files, now)

    def close(self, group: Group) -> None:
        """Close a group to further files; one that is closed stays as it is, and so does one that waits for
        quiet and to which a file came since it was read.
        """
        quiet = {"last": group.last_at} if group.quiet else {}
        self._set(
            group,
            "SET #state = :closed",
            "#state = :open" + (" AND last_at = :last" if quiet else ""),
            values(open=GroupState.OPEN, closed=GroupState.CLOSED, **quiet),
        )

    def with_newer_versions(self, group: Group, files: Sequence[S3Object]) -> list[S3Object]:
        """Return the files of a group, each with the newer version of its key that an earlier group had."""
        return with_newer_versions(self._table, group, files)

    def record_list_written(self, group: Group) -> None:
        """Record that the list of a closed group's files is where its run finds it."""
        self._set(
            group,
            "SET #state = :written",
            "#state = :closed",
            values(closed=GroupState.CLOSED, written=GroupState.WRITTEN),
        )

    def record_handed_over(self, group: Group) -> None:
        """Record that a group's run has been requested."""
        self._set(
            group,
            "SET #state = :handed_over REMOVE unfinished",
            "attribute_exists(#state)",
            values(handed_over=GroupState.HANDED_OVER),
        )

    def files(self, group: Group) -> list[S3Object]:
        """Return the files of a group, in the order of their keys. Memory: all of them, at most 10,000."""
        lists = self._query(
            group_items.partition(group.pipeline, group.trigger), group_items.files_sort_key(group.number)
        )
        found = [file for item in lists for file in group_items.files_from(item)]
        return sorted(found, key=lambda file: (file.key, file.version_id, file.etag))

    def numbers(self, pipeline: str, trigger: str, files: Sequence[S3Object]) -> dict[S3Object, int]:
        """Return the number of the group of each of these files that is in one, by their records."""
        by_digest = {group_items.file_digest(pipeline, trigger, file): file for file in files}
        found = self._table.items([group_items.file_key(digest) for digest in by_digest])
        return {
            by_digest[item["pk"]["S"].removeprefix(group_items.FILE)]: int(item["number"]["N"])
            for item in found
        }

    def unfinished(self) -> Iterator[Group]:
        """Yield the groups whose run has not been requested, as they are now."""
        query = {"IndexName": UNFINISHED_INDEX, "KeyConditionExpression": "unfinished = :group"}
        for item in self._table.pages(
            **query, ExpressionAttributeValues=values(group=group_items.UNFINISHED)
        ):
            group = self._first(item["pk"]["S"], item["sk"]["S"])
            if group is not None:
                yield group

    def _add(self, write: Item, group: Group, files: Sequence[S3Object], now: str) -> Refused | None:
        """Write the group's part, the list and the records of the files; return None when they are written,
        else why they are not.
        """
        records = [self._put(group_items.file_item(group, file, now), _NEW) for file in files]
        writes = [write, self._put(group_items.files_item(group, files, now)), *records]
        failed = self._table.try_transact(writes)
        if not failed:
            return None
        return Refused(0 in failed, frozenset(position - 2 for position in failed if position >= 2))

    def _put(self, item: Item, condition: str = "") -> Item:
        return {
            "Put": {
                "TableName": self._table.name,
                "Item": item,
                **({"ConditionExpression": condition} if condition else {}),
            }
        }

    def _set(self, group: Group, update: str, condition: str, given: Item) -> None:
        self._table.update(group_items.group_key(group), update, condition, names("state"), given)

    def _first(self, pk: str, beginning: str) -> Group | None:
        found = self._query(pk, beginning, ScanIndexForward=False, Limit=1)
        return next((group_items.group_from(item) for item in found), None)

    def _query(self, pk: str, beginning: str, **more: Any) -> Iterator[Item]:
        condition = "pk = :pk AND begins_with(sk, :beginning)"
        given = values(pk=pk, beginning=beginning)
        return self._table.pages(
            KeyConditionExpression=condition, ExpressionAttributeValues=given, ConsistentRead=True, **more
        )
