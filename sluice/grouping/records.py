"""How groups, their files and the records of files are written as DynamoDB items, and read back.

``pk = GROUPS#<pipeline>#<trigger>`` with ``sk = GROUP#<number>`` is a group, with ``sk = FILES#<number>#…``
some of its files; ``pk = FILE#<digest>`` is the record that a file is in a group.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import uuid
from collections.abc import Sequence

from sluice.grouping.group import Group, GroupState
from sluice.ledger.listed import by_word, last_part
from sluice.ledger.records import Item, expires_at, values_of
from sluice.triggers.trigger_event import S3Object
from sluice.triggers.upload_patterns import without_own_groups

PARTITIONS, GROUP, FILE = "GROUPS#", "GROUP#", "FILE#"
UNFINISHED = "group"
"""The index key of a group whose run has not been requested."""


def partition(pipeline: str, trigger: str) -> str:
    """Return the partition key of a trigger's groups."""
    return f"{PARTITIONS}{pipeline}#{trigger}"


def group_sort_key(number: int) -> str:
    """Return the sort key of a group; groups sort by their numbers."""
    return f"{GROUP}{number:010d}"


def files_sort_key(number: int) -> str:
    """Return what the sort keys of the lists of a group's files begin with."""
    return f"FILES#{number:010d}#"


def group_key(group: Group) -> Item:
    """Return the key of a group's item."""
    return values_of(pk=partition(group.pipeline, group.trigger), sk=group_sort_key(group.number))


def group_item(group: Group) -> Item:
    """Return the item of a group that is being opened."""
    return group_key(group) | values_of(
        pipeline=group.pipeline,
        trigger=group.trigger,
        number=group.number,
        state=group.state,
        opened_at=group.opened_at,
        closes_at=group.closes_at,
        most=group.max_files,
        files=group.files,
        definition=json.dumps(dict(group.definition)),
        quiet=group.quiet or None,
        last_at=group.last_at if group.quiet else None,
        created_at=group.opened_at,
        unfinished=UNFINISHED,
        expires_at=expires_at(group.opened_at),
    )


def group_from(item: Item) -> Group:
    """Return the group that an item holds."""
    return Group(
        pipeline=item["pipeline"]["S"],
        trigger=item["trigger"]["S"],
        number=int(item["number"]["N"]),
        state=GroupState(item["state"]["S"]),
        opened_at=item["opened_at"]["S"],
        closes_at=item["closes_at"]["S"],
        max_files=int(item["most"]["N"]),
        files=int(item["files"]["N"]),
        definition=json.loads(item["definition"]["S"]),
        quiet=int(item["quiet"]["N"]) if "quiet" in item else 0,
        last_at=item["last_at"]["S"] if "last_at" in item else "",
    )


def files_item(group: Group, files: Sequence[S3Object], now: str) -> Item:
    """Return a list of some files of a group; 98 of the longest keys and versions stay under DynamoDB's 400
    KB also uncompressed.
    """
    listed = json.dumps(
        [file.to_item() for file in files], ensure_ascii=False, separators=(",", ":")
    ).encode()
    sort_key = f"{files_sort_key(group.number)}{uuid.uuid4()}"
    return values_of(
        pk=partition(group.pipeline, group.trigger),
        sk=sort_key,
        files=gzip.compress(listed, mtime=0),
        expires_at=expires_at(now),
    )


def files_from(item: Item) -> list[S3Object]:
    """Return the files of a list."""
    return [S3Object.from_dict(file) for file in json.loads(gzip.decompress(bytes(item["files"]["B"])))]


def file_item(group: Group, file: S3Object, now: str) -> Item:
    """Return the record that a file is in a group, which lists the group's run by the file's name."""
    digest = file_digest(group.pipeline, group.trigger, file)
    return file_key(digest) | values_of(
        number=group.number,
        listed=by_word(last_part(file.key)),
        listed_at=now,
        listed_run=group.run_id,
        expires_at=expires_at(now),
    )


def file_key(digest: str) -> Item:
    """Return the key of a file's record."""
    return values_of(pk=FILE + digest, sk=FILE)


def file_digest(pipeline: str, trigger: str, file: S3Object) -> str:
    """Return what identifies a file of a trigger: the same for each event of the same version."""
    identity = json.dumps(
        [pipeline, without_own_groups(trigger), file.identity()], sort_keys=True, separators=(",", ":")
    )
    return base64.b32encode(hashlib.sha256(identity.encode()).digest()).decode().lower().rstrip("=")
