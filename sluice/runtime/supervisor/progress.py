"""What the supervisor knows of its worker's work, and writes down of it."""

from __future__ import annotations

from typing import Self

from sluice.runtime.result_parts import Parts


class Progress:
    """Hears what a worker tells; use it in a ``with``, which writes the last results.

    ``begun`` says whether the user's function was called: until then the job has done nothing that another
    attempt could not do as well. ``item`` is the number and the value of the item that is worked on.
    """

    def __init__(self, parts: Parts) -> None:
        self.begun = False
        self.item: tuple[int, str] | None = None
        self.results = 0
        self._parts = parts

    def __enter__(self) -> Self:
        self._parts.__enter__()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        self._parts.__exit__(kind, error, trace)

    def begins(self, item: int | None = None, value: str = "") -> None:
        """Note that the user's function is about to be called."""
        self.begun = True
        self.item = None if item is None else (item, value)

    def finished(self, line: str) -> None:
        """Keep the line of an item's result."""
        self.results, self.item = self.results + 1, None
        self._parts.add(line)

    def flush(self) -> None:
        """Write what is not written."""
        self._parts.flush()

    def flush_when_due(self) -> None:
        """Write what is not written, if it has waited for long enough."""
        self._parts.flush_when_due()

    def seconds_until_due(self) -> float | None:
        """Return in how many seconds something is to be written, None when there is nothing."""
        return self._parts.seconds_until_due()
