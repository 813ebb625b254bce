"""How sets, their files and keys that belong to none are written as DynamoDB items, and read back.

``pk = SET#<pipeline>#<digest of trigger and partition key>`` with ``sk = SET`` is a set, with ``sk =
FILES#…`` some of its files, with ``sk = AFTER#…`` some that came when its run had begun. ``pk =
SETS#<pipeline>`` with ``sk = UNMATCHED#<time>#…`` are keys that belong to no set.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import uuid
from collections.abc import Mapping, Sequence

from sluice.ledger.records import Item, expires_at, values_of
from sluice.sets.file_set import FileSet, SetState
from sluice.triggers.set_rules import SetRules, partition_json
from sluice.triggers.trigger_event import S3Object

PARTITIONS, SET, FILES, AFTER = "SET#", "SET", "FILES#", "AFTER#"
UNMATCHED_PARTITIONS, UNMATCHED = "SETS#", "UNMATCHED#"
UNFINISHED = "set"
"""The index key of a set that is open or on its way to its run; sorted by when it is due."""
MAX_BYTES = 300_000
"""Of one list of files before it is compressed; an item has at most 400 KB.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html
"""
MAX_UNMATCHED = 20


def partition(pipeline: str, trigger: str, values: Mapping[str, str]) -> str:
    """Return the partition key of a set."""
    identity = json.dumps([trigger, partition_json(values)], separators=(",", ":"))
    digest = base64.b32encode(hashlib.sha256(identity.encode()).digest()).decode().lower()
    return f"{PARTITIONS}{pipeline}#{digest[:26]}"


def set_key(found: FileSet) -> Item:
    """Return the key of a set's item."""
    return values_of(pk=partition(found.pipeline, found.trigger, found.partition), sk=SET)


def set_item(found: FileSet) -> Item:
    """Return the item of a set that is being opened."""
    return set_key(found) | values_of(
        pipeline=found.pipeline,
        trigger=found.trigger,
        partition=partition_json(found.partition),
        state=found.state,
        rules=json.dumps(found.rules.to_dict(), separators=(",", ":")),
        definition=json.dumps(dict(found.definition), separators=(",", ":")),
        opened_at=found.opened_at,
        last_at=found.last_at,
        events=found.events,
        check_at=found.check_at,
        generation=found.generation,
        after=found.after,
        why=found.why,
        created_at=found.due_at,
        unfinished=UNFINISHED,
        expires_at=expires_at(found.opened_at),
    )


def set_from(item: Item) -> FileSet:
    """Return the set that an item holds."""
    numbers = {name: int(item[name]["N"]) for name in ("events", "check_at", "generation", "after")}
    return FileSet(
        pipeline=item["pipeline"]["S"],
        trigger=item["trigger"]["S"],
        partition=json.loads(item["partition"]["S"]),
        state=SetState(item["state"]["S"]),
        rules=SetRules.from_dict(json.loads(item["rules"]["S"])),
        definition=json.loads(item["definition"]["S"]),
        opened_at=item["opened_at"]["S"],
        last_at=item["last_at"]["S"],
        due_at=item["created_at"]["S"],
        why=item["why"]["S"],
        **numbers,
    )


def file_lists(files: Sequence[S3Object]) -> list[list[S3Object]]:
    """Return files in lists that fit into an item each."""
    lists: list[list[S3Object]] = [[]]
    size = 0
    for file in files:
        length = len(json.dumps(file.to_item()).encode()) + 1
        if size + length > MAX_BYTES and lists[-1]:
            lists.append([])
            size = 0
        lists[-1].append(file)
        size += length
    return lists


def files_item(found: FileSet, files: Sequence[S3Object], now: str, beginning: str = FILES) -> Item:
    """Return a list of files of a set, which must fit into an item."""
    listed = json.dumps([file.to_item() for file in files], separators=(",", ":")).encode()
    return values_of(
        pk=partition(found.pipeline, found.trigger, found.partition),
        sk=f"{beginning}{uuid.uuid4()}",
        files=gzip.compress(listed, mtime=0),
        expires_at=expires_at(now),
    )


def files_from(item: Item) -> list[S3Object]:
    """Return the files of a list."""
    return [S3Object.from_dict(file) for file in json.loads(gzip.decompress(bytes(item["files"]["B"])))]


def unmatched_item(pipeline: str, trigger: str, keys: Mapping[str, str], now: str) -> Item:
    """Return the item of keys that belong to no set, each with its reason; of many the first ones."""
    named = dict(list(keys.items())[:MAX_UNMATCHED])
    return values_of(
        pk=UNMATCHED_PARTITIONS + pipeline,
        sk=f"{UNMATCHED}{now}#{uuid.uuid4()}",
        trigger=trigger,
        keys=json.dumps(named, separators=(",", ":")),
        count=len(keys),
        at=now,
        expires_at=expires_at(now),
    )
