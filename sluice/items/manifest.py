"""The manifest: the items of one plan in one run, one JSON document a line, and an index of their offsets.

The index has 8 bytes (big-endian) for each item, its offset in the manifest, and then the manifest's length.
So a child finds its slice with one ranged read of the index and one of the items, whatever the manifest's
size.
"""

from __future__ import annotations

import json
from collections.abc import Generator, Iterable, Iterator
from contextlib import closing
from itertools import islice
from typing import Any

from sluice import keys
from sluice.aws.multipart import MultipartWriter, PartWriter
from sluice.aws.streaming import lines, pieces
from sluice.errors import ItemError
from sluice.items.json_values import json_value
from sluice.items.object_store import ObjectLister, ObjectReader
from sluice.limits import MAX_ITEM_BYTES

PART_BYTES = 64 * 1024 * 1024
"""Bytes that are kept in memory until they are sent as one part; a smaller manifest is one PutObject."""
MAX_INDEX_READ_BYTES = 16 * 1024
_ENTRY_BYTES = 8
_READ_BYTES = 8 * 1024
# A slice of up to this many items reads its stretch of the index whole, and then exactly its items.
_EXACT_ITEMS = MAX_INDEX_READ_BYTES // _ENTRY_BYTES - 1


def slice_bounds(items: int, children: int, child: int) -> tuple[int, int]:
    """Return the first item of a child and the end of its slice: contiguous slices that differ by at most one
    item.
    """
    return items * child // children, items * (child + 1) // children


def write_manifest(s3: PartWriter, bucket: str, key: str, items: Iterable[Any]) -> int:
    """Write the items as they come, and return their number. The object with the items is completed last: a
    manifest that failed does not exist.

    ``s3`` is a low-level client. Memory: 128 MiB, and 16 bytes an item while the index is sent.
    Raises ItemError for an item that is not a JSON object of at most 8 KiB.
    """
    upload, index, count = MultipartWriter(s3, bucket, key, PART_BYTES), bytearray(), 0
    try:
        for count, item in enumerate(items, start=1):
            index += upload.size.to_bytes(_ENTRY_BYTES, "big")
            upload.write(encode_item(item, count - 1))
        index += upload.size.to_bytes(_ENTRY_BYTES, "big")
        s3.put_object(Bucket=bucket, Key=keys.manifest_index(key), Body=index)
        del index
        upload.close()
    except BaseException as error:
        upload.abort(error)
        raise
    return count


def encode_item(item: Any, number: int) -> bytes:
    """Return an item's line; raises ItemError unless the item is a JSON object of at most 8 KiB."""
    if not isinstance(item, dict):
        raise ItemError(
            f"Item {number}: expected a JSON object, found {type(item).__name__} {str(item)[:100]!r}. Yield"
            " dicts."
        )
    try:
        plain = json_value(item)
        line = json.dumps(plain, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise ItemError(
            f"Item {number}: expected values that JSON has, found {str(item)[:100]!r}: {error}"
        ) from error
    if len(line) > MAX_ITEM_BYTES:
        raise ItemError(
            f"Item {number}: expected at most {MAX_ITEM_BYTES} bytes of JSON, found {len(line)}. "
            "Put the data into an object of its own and its key into the item."
        )
    return line + b"\n"


def read_slice(s3: ObjectReader, bucket: str, key: str, start: int, stop: int) -> Iterator[dict[str, Any]]:
    """Yield the items from ``start`` up to, without, ``stop``: two ranged reads, and at most 16 KiB read
    beyond the items.

    Streams: an item is read when it is requested, however long the work on the previous one took.
    """
    if stop <= start:
        return
    exact = stop - start <= _EXACT_ITEMS
    entries = _read_index(s3, bucket, key, start, stop if exact else start)
    with closing(_read(s3, bucket, key, entries[0], entries[-1] if exact else None)) as stream:
        for line in islice(lines(stream), stop - start):
            yield json.loads(line)


def written_manifest(s3: ObjectLister, bucket: str, prefix: str) -> tuple[str, int] | None:
    """Return the key of a complete manifest below this prefix and how many items it has, or None: one
    listing, nothing is read.
    """
    # The items are completed after their index: where both are there, both are whole.
    listed = s3.list_objects_v2(Bucket=bucket, Prefix=prefix).get("Contents", [])
    sizes = {one["Key"]: one["Size"] for one in listed}
    complete = sorted(key for key in sizes if keys.manifest_index(key) in sizes)
    return (complete[0], sizes[keys.manifest_index(complete[0])] // _ENTRY_BYTES - 1) if complete else None


def _read_index(s3: ObjectReader, bucket: str, key: str, first: int, last: int) -> list[int]:
    index = b"".join(
        _read(s3, bucket, keys.manifest_index(key), first * _ENTRY_BYTES, (last + 1) * _ENTRY_BYTES)
    )
    return [int.from_bytes(index[at : at + _ENTRY_BYTES], "big") for at in range(0, len(index), _ENTRY_BYTES)]


def _read(
    s3: ObjectReader, bucket: str, key: str, start: int, stop: int | None
) -> Generator[bytes, None, None]:
    last = "" if stop is None else stop - 1
    return pieces(
        lambda offset: s3.get_object(Bucket=bucket, Key=key, Range=f"bytes={offset}-{last}")["Body"],
        start,
        _READ_BYTES,
    )
