"""The results of children in the work bucket: JSON lines ``{"i": item, "r": result}``, in parts that are
written during the work.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Self

from botocore.exceptions import BotoCoreError, ClientError

from sluice import keys
from sluice.aws.conditional_write import write_if_absent
from sluice.aws.read_ahead import in_order
from sluice.aws.streaming import pieces
from sluice.items.json_values import JsonValueError, json_value
from sluice.runtime.clients import S3, ObjectReader, ObjectWriter
from sluice.runtime.errors import ReturnedError
from sluice.runtime.job_context import JobContext
from sluice.runtime.stored.existing_objects import ExistingObjects

FIRST_SECONDS = 1.0
MAX_SECONDS = 60.0
"""An hour's work of a child is 65 writes; at one a second, the writes would cost as much as the machine."""
PART_BYTES = 4 * 1024 * 1024
_READ_AHEAD = 8
_AROUND = 20
"""Characters that are shown beside one that is wrong."""


def encode(number: int, result: Any) -> str:
    """Return the line of an item's result; raises ReturnedError for what JSON cannot hold.

    NaN and infinities are written as Python's JSON has them, and read back as they are.
    """
    try:
        document = {"i": number, "r": json_value(result)}
        line = json.dumps(document, ensure_ascii=False, separators=(",", ":")) + "\n"
        if not line.isascii():
            line.encode()
        return line
    except JsonValueError as error:
        where = f" in the result's {error.place}" if error.place else ""
        raise ReturnedError(f"Expected a result that JSON can hold, found{where} {error.problem}") from error
    except UnicodeEncodeError as error:
        text = error.object[max(error.start - _AROUND, 0) : error.end + _AROUND]
        raise ReturnedError(
            f"Expected a result of texts that UTF-8 can hold, found half of a surrogate pair in {text!r}."
            " Decode the bytes that it comes from with errors='replace'."
        ) from error
    except (TypeError, ValueError, RecursionError) as error:
        kind = type(result).__name__
        raise ReturnedError(
            f"Expected a result that JSON can hold, found {kind} {_shown(result)!r}: {error}. Return such a"
            " value."
        ) from error


def _shown(result: Any) -> str:
    try:
        return str(result)[:100]
    except (ValueError, RecursionError):  # A number of too many digits, or a value in itself.
        return "…"


class Parts:
    """Writes the results of one child, or other lines of it, into objects whose keys ``key_of_part`` makes;
    use it in a ``with``, which writes the last part.

    A part is written after a second, the next after two more, then four, up to a minute, and whenever 4 MiB
    are together. So a short child writes one object, and a lost machine loses no more than as much work again
    as was saved, or a minute's.
    """

    def __init__(
        self,
        s3: ObjectWriter,
        bucket: str,
        key_of_part: Callable[[int], str],
        *,
        first: int = 0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._s3, self._bucket, self._key_of_part, self._clock = s3, bucket, key_of_part, clock
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

    @property
    def count(self) -> int:
        """Return how many parts there are."""
        return self._part

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

        Its own, whose answer was lost and which the SDK repeated, it takes for another's, and writes the same
        lines once more: who reads them takes each item once.
        """
        key = self._key_of_part(self._part)

        def put(**condition: str) -> None:
            self._s3.put_object(Bucket=self._bucket, Key=key, Body=body, **condition)

        return write_if_absent(put)


def result_parts(s3: ObjectWriter, bucket: str, job: JobContext, first: int = 0) -> Parts:
    """Return what writes the results of a child."""
    return Parts(s3, bucket, lambda part: keys.child_results(job.run, job.step, job.child, part), first=first)


def failed_parts(s3: ObjectWriter, bucket: str, job: JobContext) -> Parts:
    """Return what writes the failed items of an attempt."""

    def key(part: int) -> str:
        return keys.failed_items(job.run, job.step, job.generation, job.child, job.attempt, part)

    return Parts(s3, bucket, key)


def earlier_results(s3: S3, bucket: str, job: JobContext) -> tuple[Parts, set[int]]:
    """Return where the results of a child are written, and which items earlier attempts finished; the first
    attempt does not look.
    """
    if job.attempt == 1 and job.generation == 0:
        return result_parts(s3, bucket, job), set()
    written = list(part_keys(s3, bucket, keys.child_results_prefix(job.run, job.step, job.child)))
    done = {number for number, _ in read_parts(s3, bucket, written)}
    return result_parts(s3, bucket, job, first=len(written)), done


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
    for key, body in read_bodies(s3, bucket, parts):
        if child != (child := key.rpartition("/")[0]):
            seen = set()
        for line in body.splitlines():
            document = json.loads(line)
            if document["i"] not in seen:
                seen.add(document["i"])
                yield document["i"], document["r"]


def read_bodies(s3: ObjectReader, bucket: str, parts: Iterable[str]) -> Iterator[tuple[str, bytes]]:
    """Yield keys with what they hold, a few read ahead: 10,000 small objects one after the other would take
    minutes. Raises ResultsMissingError for one that is gone.
    """
    objects = ExistingObjects(s3)

    def read(key: str) -> tuple[str, bytes]:
        return key, b"".join(
            pieces(
                lambda offset: objects.get_object(Bucket=bucket, Key=key, Range=f"bytes={offset}-")["Body"],
                0,
                PART_BYTES,
            )
        )

    yield from in_order(read, parts, _READ_AHEAD)
