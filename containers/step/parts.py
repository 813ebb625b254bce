"""What children return, in the work bucket: JSON lines ``{"i": item, "r": result}``, in parts that are written as the work goes on."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from typing import Any

from containers.step.place import Place
from sluice import keys

FLUSH_SECONDS = 1.0


class Parts:
    """Writes the results of one child. A part is written when the last one is a second old: a short child writes one object."""

    def __init__(self, s3: Any, bucket: str, place: Place, *, first: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._s3, self._bucket, self._place, self._clock = s3, bucket, place, clock
        self._part = first
        self._lines: list[str] = []
        self._flushed = clock()

    def add(self, number: int, result: Any) -> None:
        """Keep the result of an item."""
        self._lines.append(json.dumps({"i": number, "r": result}, ensure_ascii=False, separators=(",", ":")))
        if self._clock() - self._flushed >= FLUSH_SECONDS:
            self.flush()

    def flush(self) -> None:
        """Write what is not written."""
        if self._lines:
            key = keys.child_results(self._place.run, self._place.step, self._place.child, self._part)
            self._s3.put_object(Bucket=self._bucket, Key=key, Body=("\n".join(self._lines) + "\n").encode())
            self._lines, self._part = [], self._part + 1
        self._flushed = self._clock()


def part_keys(s3: Any, bucket: str, prefix: str) -> list[str]:
    """Return the keys below a prefix, in order."""
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    return [stored["Key"] for page in pages for stored in page.get("Contents", [])]


def read_results(s3: Any, bucket: str, prefix: str) -> Iterator[tuple[int, Any]]:
    """Yield (item number, result) of every part below a prefix."""
    for key in part_keys(s3, bucket, prefix):
        for line in s3.get_object(Bucket=bucket, Key=key)["Body"].iter_lines(chunk_size=64 * 1024):
            document = json.loads(line)
            yield document["i"], document["r"]
