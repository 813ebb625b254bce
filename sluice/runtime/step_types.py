"""What step functions are given. Import the types from here.

- ``def plan(trigger: Upload) -> Iterator[dict]``, or ``Uploads`` (a group), ``Request`` (a Manual trigger),
  ``ScheduledTime`` (a Schedule), ``WebhookDelivery`` (a Webhook)
- ``def each(item: Item, out: Out) -> dict``
- ``def together(node: Node, out: Out) -> Any`` (sluice/runtime/node.py), on each node of a multi-node step
- ``def fan_in(results: Results, out: Out) -> None``

A plan or an array behind other arrays is given what they returned when its function has a parameter called
``results``: so what an array found decides how much there is to do next. ``def plan(trigger, results)``,
``def each(item, out, results)``. All three know what started the run: ``trigger``, ``item.trigger``,
``results.trigger``; with several triggers look at its ``kind``.

What ``each`` returns travels as JSON: keys become text, tuples become lists. It may be called again for an
item whose result was lost with its machine, so what it does elsewhere should bear a repetition.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from sluice import keys
from sluice.runtime.upload import Upload, Uploads
from sluice.triggers.trigger_event import Request, ScheduledTime, WebhookDelivery

__all__ = [
    "Item",
    "Out",
    "Request",
    "Results",
    "ScheduledTime",
    "Trigger",
    "Upload",
    "Uploads",
    "WebhookDelivery",
]

Trigger = Upload | Uploads | Request | ScheduledTime | WebhookDelivery
"""What started the run; each has a ``kind`` and an ``input``.

``upload`` is the file that started it, ``uploads`` are the files; a trigger that has none raises
OtherTriggerError with what it has.
"""


class Item(dict[str, Any]):
    """One item of the plan, a dict. ``number`` is its place among all items, ``trigger`` what started the
    run.

    ``previous`` is what the array that this one follows returned for the same item, None in the first array.
    One that follows several (``each=["left", "right"]``) is given what each of them returned, by its name.
    """

    def __init__(
        self, value: dict[str, Any], *, number: int, trigger: Trigger, previous: Any = None, s3: Any = None
    ) -> None:
        super().__init__(value)
        self.number = number
        self.trigger = trigger
        self.previous = previous
        self._s3 = s3

    @property
    def upload(self) -> Upload:
        """Return the file that the item is, or else the one that started the run.

        Raises OtherTriggerError for a run that something else started.
        """
        return Upload.of(self, self._s3) or self.trigger.upload


@dataclass(frozen=True, slots=True)
class Out:
    """Where a step publishes files: the run's own folder in the results bucket."""

    s3: Any
    bucket: str
    pipeline: str
    run: str

    def write(self, name: str, data: bytes | str) -> str:
        """Publish a file and return its address; the same name again replaces it. Raises ValueError for what
        is no name.
        """
        if not name or name.startswith("/") or name.endswith("/"):
            raise ValueError(
                "Expected a name for a published file, such as totals.csv or 2013/totals.csv, found"
                f" {name!r}."
            )
        key = keys.result(self.pipeline, self.run, name)
        self.s3.put_object(Bucket=self.bucket, Key=key, Body=data.encode() if isinstance(data, str) else data)
        return f"s3://{self.bucket}/{key}"


@dataclass(frozen=True, slots=True)
class Results:
    """What the arrays before a step returned, and what started the run.

    ``results("count")`` yields (item number, what ``count`` returned for it), each once, by child, reading as
    it goes. Of a multi-node step it yields one pair, (0, what the main node returned).
    """

    read: Callable[[str], Iterator[tuple[int, Any]]]
    unfinished: Callable[[str], list[int]]
    trigger: Trigger

    def __call__(self, array: str) -> Iterator[tuple[int, Any]]:
        """Yield (item number, result) of an array."""
        return self.read(array)

    def missing(self, array: str) -> list[int]:
        """Return the numbers of the items that have no result, in order.

        There are some only behind ``finished(...)`` and ``always(...)``, of the arrays whose failure they
        bear and of those before them.
        """
        return self.unfinished(array)
