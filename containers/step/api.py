"""What step functions are given. Import the types from here.

- ``def plan(trigger: Upload) -> Iterator[dict]``, or ``Request`` (a Manual trigger), ``Moment`` (a Schedule), ``Delivery`` (a Webhook)
- ``def each(item: Item, out: Out) -> dict``
- ``def together(node: Node, out: Out) -> Any`` (containers/step/node.py), on each node of a multi-node step
- ``def fan_in(results: Results, out: Out) -> None``

A plan or an array behind other arrays is given what they returned when its function has a parameter called ``results``: so what an array
found decides how much there is to do next. ``def plan(trigger, results)``, ``def each(item, out, results)``.

What ``each`` returns travels as JSON: keys become text, tuples become lists. It may be called again for an item whose result was lost with
its machine, so what it does elsewhere should bear a repetition.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

from botocore.exceptions import ClientError

from sluice import keys
from sluice.errors import InputMissingError, OtherTriggerError
from sluice.streaming import lines, pieces
from sluice.trigger import Delivery, Moment, Request, S3Object

_PROBE_BYTES = 16 * 1024
_LARGEST_PROBE_BYTES = 8 * 1024 * 1024
_READ_BYTES = 256 * 1024
# NoSuchKey and NoSuchVersion when the reader may list the bucket; a HEAD-like 404 has no code of its own.
_GONE = ("NoSuchKey", "NoSuchVersion", "404", "PreconditionFailed")


@dataclass(frozen=True, slots=True)
class Upload:
    """The object that started the run: exactly the version that was uploaded, read in ranges of bytes."""

    kind: ClassVar[str] = S3Object.kind
    source: S3Object
    s3: Any

    @property
    def input(self) -> dict[str, Any]:
        """Return what is known of the object: its bucket, key, version, etag and size."""
        return asdict(self.source)

    @property
    def key(self) -> str:
        """Return the object's key."""
        return self.source.key

    @property
    def size(self) -> int:
        """Return the size in bytes."""
        return self.source.size

    def read(self, start: int, stop: int) -> bytes:
        """Return the bytes from ``start`` up to, without, ``stop``, as far as there are any. Memory: all of them.

        Raises InputMissingError.
        """
        return b"".join(self._pieces(start, stop, max(stop - start, 1)))

    def lines(self, start: int, stop: int) -> Iterator[tuple[int, bytes]]:
        r"""Yield the lines of a range, each with its offset and without its line end (``\n`` or ``\r\n``), reading as it goes.

        Memory: a line, and 256 KiB. Raises InputMissingError.
        """
        offset = start
        for line in lines(self._pieces(start, stop, _READ_BYTES)):
            yield offset, line.removesuffix(b"\n").removesuffix(b"\r")
            offset += len(line)

    def ranges(self, *, start: int, size: int, separators: bytes = b"\n") -> Iterator[tuple[int, int]]:
        """Yield ranges from ``start`` to the end, each of at least ``size`` bytes, but for the last, and ending behind a separator.

        ``separators`` are single bytes below 128, which UTF-8 has in no other character. Reads only near the cuts: 16 KiB a cut, and more
        where that holds no separator.
        """
        if size < 1:
            raise ValueError(f"Expected ranges of at least one byte, found {size}.")
        while start < self.size:
            stop = self._behind_separator(start + size, separators)
            yield start, stop
            start = stop

    def _behind_separator(self, position: int, separators: bytes) -> int:
        window = _PROBE_BYTES
        while position < self.size:
            probe = self.read(position - 1, position - 1 + window)
            found = [at for at in (probe.find(separators[n : n + 1]) for n in range(len(separators))) if at >= 0]
            if found:
                return position + min(found)
            # A text without separators is read to its end; larger and larger windows keep the number of reads small.
            position, window = position + len(probe), min(window * 2, _LARGEST_PROBE_BYTES)
        return self.size

    def _pieces(self, start: int, stop: int, size: int) -> Iterator[bytes]:
        stop = min(stop, self.size)
        if start < stop:
            yield from pieces(lambda offset: self._body(offset, stop), start, size)

    def _body(self, start: int, stop: int) -> Any:
        source = self.source
        version = {"VersionId": source.version_id} if source.version_id else {"IfMatch": source.etag} if source.etag else {}
        try:
            return self.s3.get_object(Bucket=source.bucket, Key=source.key, Range=f"bytes={start}-{stop - 1}", **version)["Body"]
        except ClientError as error:
            if error.response["Error"]["Code"] not in _GONE:
                raise
            raise InputMissingError(
                f"{source.uri} (version {source.version_id or 'none'}) was deleted before it was read. Upload it again."
            ) from error


Trigger = Upload | Request | Moment | Delivery
"""What started the run; each has a ``kind`` and an ``input``."""


class Item(dict[str, Any]):
    """One item of the plan, a dict. ``number`` is its place among all items, ``trigger`` what started the run.

    ``previous`` is what the array that this one follows returned for the same item, None in the first array.
    """

    def __init__(self, value: dict[str, Any], *, number: int, trigger: Trigger, previous: Any = None) -> None:
        super().__init__(value)
        self.number = number
        self.trigger = trigger
        self.previous = previous

    @property
    def upload(self) -> Upload:
        """Return the object that started the run; raises OtherTriggerError for a run that something else started."""
        if not isinstance(self.trigger, Upload):
            raise OtherTriggerError(f"Expected a run that an upload started, found a {self.trigger.kind} one. Use item.trigger.input.")
        return self.trigger


@dataclass(frozen=True, slots=True)
class Out:
    """Where a step publishes files: the run's own folder in the results bucket."""

    s3: Any
    bucket: str
    pipeline: str
    run: str

    def write(self, name: str, data: bytes | str) -> str:
        """Publish a file and return its address; the same name again replaces it. Raises ValueError for what is no name."""
        if not name or name.startswith("/") or name.endswith("/"):
            raise ValueError(f"Expected a name for a published file, such as totals.csv or 2013/totals.csv, found {name!r}.")
        key = keys.result(self.pipeline, self.run, name)
        self.s3.put_object(Bucket=self.bucket, Key=key, Body=data.encode() if isinstance(data, str) else data)
        return f"s3://{self.bucket}/{key}"


@dataclass(frozen=True, slots=True)
class Results:
    """What the arrays before a step returned.

    ``results("count")`` yields (item number, what ``count`` returned for it), each once, by child, reading as it goes. Of a multi-node step
    it yields one pair, (0, what the main node returned).
    """

    read: Callable[[str], Iterator[tuple[int, Any]]]
    unfinished: Callable[[str], list[int]]

    def __call__(self, array: str) -> Iterator[tuple[int, Any]]:
        """Yield (item number, result) of an array."""
        return self.read(array)

    def missing(self, array: str) -> list[int]:
        """Return the numbers of the items that have no result, in order.

        There are some only behind ``finished(...)`` and ``always(...)``, of the arrays whose failure they bear and of those before them.
        """
        return self.unfinished(array)
