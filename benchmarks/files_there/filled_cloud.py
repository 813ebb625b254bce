"""A local cloud in this process, in which a bucket has objects before anything is deployed: a million of them
by PutObject would take an hour.

    python -m benchmarks.files_there.filled_cloud --port 4566 --state FOLDER

FOLDER has the file ``existing`` with how many objects there are.
"""

from __future__ import annotations

from bisect import bisect_right
from pathlib import Path
from typing import Any

from local import __main__ as entry
from local.paths import LocalCloudPaths

BUCKET = "existing-files"
PREFIX = "sales/"
FILE = "existing"
_BODY = b"1,2,3"
_ETAG = '"5d70b1b4f0b3ea1cb2c9b6a5c2fd3a8a"'
_prepare = entry._prepare


class Objects(dict[str, Any]):
    """The objects of a bucket that nobody changes: their keys are sorted once and not for each page."""

    def __init__(self, number: int) -> None:
        """Have so many, which share one record."""
        record: dict[str, Any] = {
            "body": _BODY,
            "content_type": "text/csv",
            "content_encoding": None,
            "etag": _ETAG,
            "last_modified": "2026-01-01T00:00:00.000Z",
            "size": len(_BODY),
            "metadata": {},
            "preserved_headers": {},
            "storage_class": "STANDARD",
            "checksums": {},
        }
        super().__init__((key(one), record) for one in range(number))
        self.sorted = sorted(self)


def key(number: int) -> str:
    """Return the key of an object: months and days, then a number."""
    day = number // 2_000
    return f"{PREFIX}2026/{day // 28:03d}/{day % 28:02d}/{number:08d}.csv"


def prepare(paths: LocalCloudPaths) -> None:
    """Prepare the process, then fill the bucket."""
    _prepare(paths)
    _fill(int(Path(paths.state / FILE).read_text()))


def _fill(number: int) -> None:
    # Only now: the emulator reads the environment when it is imported.
    from ministack.services import s3

    from local.emulator.services import scope

    collect = s3._collect_list_entries

    def collect_list_entries(found: Any, prefix: str, delimiter: str, most: int, after: str) -> Any:
        if delimiter or not isinstance(found, Objects):
            return collect(found, prefix, delimiter, most, after)
        first = bisect_right(found.sorted, max(after, prefix))
        page = [one for one in found.sorted[first : first + most + 1] if one.startswith(prefix)]
        return page[:most], [], len(page) > most, page[:most][-1] if page else ""

    s3._collect_list_entries = collect_list_entries
    with scope():
        created = "2026-01-01T00:00:00.000Z"
        s3._buckets[BUCKET] = {"created": created, "objects": Objects(number), "region": "us-east-1"}


if __name__ == "__main__":
    entry._prepare = prepare
    entry.main()
