"""The types that step functions are given; ``sluice.steps`` documents which function is given what."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from sluice.run.uploads import is_file
from sluice.runtime.clients import ObjectReader
from sluice.runtime.interface.out import Out as Out
from sluice.runtime.interface.upload import Upload, Uploads
from sluice.runtime.interface.upstream import UpstreamResults
from sluice.triggers.trigger_event import Request, S3Object, ScheduledTime, WebhookDelivery

Trigger = Upload | Uploads | Request | ScheduledTime | WebhookDelivery | UpstreamResults
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
        self,
        value: dict[str, Any],
        *,
        number: int,
        trigger: Trigger,
        previous: Any = None,
        s3: ObjectReader | None = None,
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
        if not is_file(self):
            return self.trigger.upload
        if self._s3 is None:
            raise ValueError("Expected a client of S3 for an item that is a file, found none. Pass s3=.")
        return Upload(S3Object.from_dict(self), self._s3)


@dataclass(frozen=True, slots=True)
class Results:
    """What the upstream arrays of a step returned, and what started the run.

    ``results("count")`` yields (item number, what ``count`` returned for it), each once, by child, reading as
    it goes. Of a multi-node step it yields one pair, (0, what the main node returned).
    """

    read: Callable[[str], Iterator[tuple[int, Any]]]
    unfinished: Callable[[str], list[int]]
    trigger: Trigger
    failures: Callable[[str], Iterator[tuple[int, dict[str, Any], str]]] = lambda array: iter(())

    def __call__(self, array: str) -> Iterator[tuple[int, Any]]:
        """Yield (item number, result) of an array."""
        return self.read(array)

    def missing(self, array: str) -> list[int]:
        """Return the numbers of the items that have no result, in order.

        There are some only downstream of ``finished(...)`` and ``always(...)``: of the arrays whose failures
        they tolerate, and of those upstream of these.
        """
        return self.unfinished(array)

    def failed(self, array: str) -> Iterator[tuple[int, dict[str, Any], str]]:
        """Yield (item number, item, reason) of the items of an array that failed, in order.

        There are some only downstream of ``finished(...)`` and ``always(...)``.
        """
        return self.failures(array)
