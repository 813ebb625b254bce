"""What a test is answered: the run, its steps, their items, and the files that were published."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from sluice.counted import counted
from sluice.visible import visible

NOT_RUN = "NOT_RUN"
"""The state of a step or an item that was never begun."""
_LISTED_ITEMS = 10


class Published(bytes):
    """The content of a published file, and its type."""

    content_type: str

    def __new__(cls, content: bytes, content_type: str = "") -> Published:
        """Return a file with this content."""
        made = super().__new__(cls, content)
        made.content_type = content_type
        return made

    def text(self, encoding: str = "utf-8") -> str:
        """Return the content as text."""
        return self.decode(encoding)

    def json(self) -> Any:
        """Return what the content holds as JSON."""
        return json.loads(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemOutcome:
    """What became of an item: ``state`` is SUCCEEDED, FAILED or NOT_RUN.

    ``result`` is what later steps were given, ``error`` the last reason, ``attempts`` how often its function
    was called, and ``log`` what it printed.
    """

    number: int
    value: Mapping[str, Any]
    state: str
    result: Any = None
    error: str | None = None
    attempts: int = 0
    child: int | None = None
    log: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StepOutcome:
    """What became of a step: ``state`` is SUCCEEDED, FAILED, EMPTY (there was nothing to do) or NOT_RUN.

    ``children`` is how many jobs it has, ``generation`` how often it was submitted again, and ``log`` what it
    printed outside of any item. Of an array ``items`` are in order.
    """

    name: str
    state: str
    reason: str | None = None
    children: int = 0
    generation: int = 0
    items: tuple[ItemOutcome, ...] = ()
    log: str = ""

    @property
    def succeeded(self) -> bool:
        """Return whether nothing of it is left to do."""
        return self.state in ("SUCCEEDED", "EMPTY")

    @property
    def results(self) -> dict[int, Any]:
        """Return what its function returned, by the number of the item."""
        return {item.number: item.result for item in self.items if item.state == "SUCCEEDED"}

    @property
    def failed(self) -> tuple[ItemOutcome, ...]:
        """Return the items that failed."""
        return tuple(item for item in self.items if item.state == "FAILED")


@dataclass(frozen=True, kw_only=True)
class RunOutcome:
    """What became of a run: ``state`` is SUCCEEDED or FAILED; ``reason`` says why it failed."""

    run_id: str
    state: str
    failed_step: str | None
    reason: str | None
    files: Mapping[str, Published]
    """The published files, by name; without the receipt and the report."""
    steps: Mapping[str, StepOutcome]
    log: str = field(repr=False)
    """All that was printed."""
    resume: Callable[..., RunOutcome] = field(repr=False, compare=False)
    receipt: Mapping[str, Any] | None = field(default=None, repr=False)
    """What the receipt says, which a run that succeeded publishes last: docs/results.md."""

    @property
    def succeeded(self) -> bool:
        """Return whether the run succeeded."""
        return self.state == "SUCCEEDED"

    def retry(self, **changes: Any) -> RunOutcome:
        """Let the failed run go on, as ``sluice retry`` does, and return what then became of it.

        ``functions``, ``commands``, ``secrets`` and ``faults`` replace those of before; without faults none
        happens. Raises HarnessError for a run that did not fail.
        """
        return self.resume(**changes)

    def __repr__(self) -> str:
        """Return the lines that say what happened: pytest shows them where an assertion fails."""
        return "\n".join(self._lines())

    __str__ = __repr__

    def _lines(self) -> Iterator[str]:
        yield f"{self.run_id}: {self.state}" + (f": {visible(self.reason)}" if self.reason else "")
        for step in self.steps.values():
            done = f", {len(step.results)} of {counted(len(step.items), 'item')}" if step.items else ""
            reason = f": {visible(step.reason)}" if step.reason else ""
            yield f"  {step.name}: {step.state}{done}{reason}"
            for item in step.failed[:_LISTED_ITEMS]:
                yield f"    item {item.number} {json.dumps(item.value, default=str)[:100]}: {item.error}"
        for name, content in self.files.items():
            yield f"  {name}: {counted(len(content), 'byte')}"
