"""The results of children in the work bucket: JSON lines ``{"i": item, "r": result}``, in parts that are
written during the work.
"""

from __future__ import annotations

import json
import sys
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Self

from botocore.exceptions import BotoCoreError, ClientError

from sluice import keys
from sluice.aws.streaming import pieces
from sluice.runtime.clients import S3, ObjectReader, ObjectWriter
from sluice.runtime.errors import ReturnedError
from sluice.runtime.job_context import JobContext

FIRST_SECONDS = 1.0
MAX_SECONDS = 60.0
"""An hour's work of a child is 65 writes; at one a second, the writes would cost as much as the machine."""
PART_BYTES = 4 * 1024 * 1024
_READ_AHEAD = 8
_TAKEN = ("PreconditionFailed", "ConditionalRequestConflict")


def encode(number: int, result: Any) -> str:
    """Return the line of an item's result; raises ReturnedError for what JSON cannot hold."""
    try:
        return json.dumps({"i": number, "r": result}, ensure_ascii=False, separators=(",", ":")) + "\n"
    except (TypeError, ValueError, RecursionError) as error:
        kind = type(result).__name__
        raise ReturnedError(
            f"Expected a result that JSON can hold, found {kind} {str(result)[:100]!r}: {error}. Return such"
            " a value."
        ) from error


class Parts:
    """Writes the results of one child; use it in a ``with``, which writes the last part.

    A part is written after a second, the next after two more, then four, up to a minute, and whenever 4 MiB
    are together. So a short child writes one object, and a lost machine loses no more than as much work again
    as was saved, or a minute's.
    """

    def __init__(
        self,
        s3: ObjectWriter,
        bucket: str,
        job: JobContext,
        *,
        first: int = 0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._s3, self._bucket, self._job, self._clock = s3, bucket, job, clock
        self._part, self._bytes, self._pause = first, 0, FIRST_SECONDS
        self._lines: list[bytes] = []
        self._flushed = clock()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        """Write what is not written; when that fails too, the first error is raised."""
        try:
            self.flush()
        except (ClientError, BotoCoreError) as refused:
            if error is None:
                raise
            print(
                f"What was finished last could not be written either: {refused}", file=sys.stderr, flush=True
            )

    def add(self, line: str) -> None:
        """Keep the result of an item."""
        self._lines.append(line.encode())
        self._bytes += len(self._lines[-1])
        if self._bytes >= PART_BYTES or self._clock() - self._flushed >= self._pause:
            self.flush()
            self._pause = min(self._pause * 2, MAX_SECONDS)

    def seconds_until_due(self) -> float | None:
        """Return in how many seconds a part is to be written, None while there is nothing to write."""
        return max(0.0, self._flushed + self._pause - self._clock()) if self._lines else None

    def flush_when_due(self) -> None:
        """Write what is not written, if it has waited for long enough."""
        if self._lines and self._clock() - self._flushed >= self._pause:
            self.flush()
            self._pause = min(self._pause * 2, MAX_SECONDS)

    def flush(self) -> None:
        """Write what is not written."""
        while self._lines and not self._written(b"".join(self._lines)):
            self._part += 1
        if self._lines:
            self._lines, self._bytes, self._part = [], 0, self._part + 1
        self._flushed = self._clock()

    def _written(self, body: bytes) -> bool:
        """Write a part unless another attempt has: one whose machine was taken for lost may still be at work,
        and keeps its parts.

        Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
        """
        key = keys.child_results(self._job.run, self._job.step, self._job.child, self._part)
        try:
            self._s3.put_object(Bucket=self._bucket, Key=key, Body=body, IfNoneMatch="*")
        except ClientError as error:
            if error.response["Error"]["Code"] not in _TAKEN:
                raise
            return False
        return True


def earlier_results(s3: S3, bucket: str, job: JobContext) -> tuple[Parts, set[int]]:
    """Return where the results of a child are written, and which items earlier attempts finished; the first
    attempt does not look.
    """
    if job.attempt == 1 and job.generation == 0:
        return Parts(s3, bucket, job), set()
    written = list(part_keys(s3, bucket, keys.child_results_prefix(job.run, job.step, job.child)))
    done = {number for number, _ in read_parts(s3, bucket, written)}
    return Parts(s3, bucket, job, first=len(written)), done


def part_keys(s3: S3, bucket: str, prefix: str) -> Iterator[str]:
    """Yield the keys below a prefix, in order, 1,000 a call."""
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
        yield from (stored["Key"] for stored in page.get("Contents", []))


def read_results(s3: S3, bucket: str, prefix: str) -> Iterator[tuple[int, Any]]:
    """Yield (item number, result) of every part below a prefix, by child, each item once."""
    return read_parts(s3, bucket, part_keys(s3, bucket, prefix))


def read_parts(s3: ObjectReader, bucket: str, parts: Iterable[str]) -> Iterator[tuple[int, Any]]:
    """Yield (item number, result) of these parts, each item once. Memory: eight parts of about 4 MiB, the
    numbers of a child's items.
    """
    child, seen = "", set[int]()
    for key, body in _bodies(s3, bucket, parts):
        if child != (child := key.rpartition("/")[0]):
            seen = set()
        for line in body.splitlines():
            document = json.loads(line)
            if document["i"] not in seen:
                seen.add(document["i"])
                yield document["i"], document["r"]


def _bodies(s3: ObjectReader, bucket: str, parts: Iterable[str]) -> Iterator[tuple[str, bytes]]:
    """Yield keys with what they hold, a few read ahead: 10,000 small objects one after the other would take
    minutes.
    """
    from concurrent.futures import ThreadPoolExecutor

    def read(key: str) -> tuple[str, bytes]:
        return key, b"".join(
            pieces(
                lambda offset: s3.get_object(Bucket=bucket, Key=key, Range=f"bytes={offset}-")["Body"],
                0,
                PART_BYTES,
            )
        )

    with ThreadPoolExecutor(_READ_AHEAD) as pool:
        ahead: deque[Any] = deque()
        for key in parts:
            ahead.append(pool.submit(read, key))
            if len(ahead) == _READ_AHEAD:
                yield ahead.popleft().result()
        while ahead:
            yield ahead.popleft().result()
