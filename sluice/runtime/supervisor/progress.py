"""What the supervisor knows of its worker's work, and writes down of it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from typing import Self

from sluice.items.failed_items import FailedItem
from sluice.runtime.exit_codes import FAILED
from sluice.runtime.job_context import JobContext
from sluice.runtime.stored.result_parts import Parts
from sluice.runtime.worker.report import Failed


class Progress:
    """Hears what a worker tells; use it in a ``with``, which writes the last results.

    ``begun`` says whether the user's function was called: until then the job has done nothing that another
    attempt could not do as well. ``item`` is the number and the value of the item that is worked on, and
    ``results`` counts what was finished.
    """

    def __init__(self, job: JobContext, parts: Parts, failures: Parts) -> None:
        self.begun = False
        self.item: tuple[int, str] | None = None
        self.results = 0
        self.done: set[int] = set()
        self.failed_numbers: set[int] = set()
        self.first_failure: tuple[Failed, str] | None = None
        self.exit_code = FAILED
        self.memory = 0
        self.stderr: tuple[str, ...] = ()
        self._job, self.parts, self._failures = job, parts, failures
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        for parts in (self._failures, self.parts):
            self._stack.enter_context(parts)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        self._stack.__exit__(kind, error, None)

    def begins(self, item: int | None = None, value: str = "") -> None:
        """Note that the user's function is about to be called."""
        self.begun = True
        self.item = None if item is None else (item, value)

    def finished(self, line: str) -> None:
        """Keep the line of an item's result."""
        if self.item is not None:
            self.done.add(self.item[0])
        self.results, self.item = self.results + 1, None
        self.parts.add(line)

    def failed(self, failure: Failed, exit_code: int = FAILED) -> None:
        """Keep why the item failed that is worked on; ``exit_code`` is what the job ends with for it."""
        if self.item is None:
            return
        number, value = self.item
        self.item = None
        self.failed_numbers.add(number)
        self.memory += failure.memory
        if self.first_failure is None:
            self.first_failure, self.exit_code = (failure, value), exit_code
        found = FailedItem(
            number=number,
            value=value,
            error=failure.error,
            message=failure.message,
            child=self._job.child,
            attempt=self._job.attempt,
            memory=failure.memory,
            upstream=failure.upstream,
        )
        self._failures.add(found.to_line())

    def flush(self) -> None:
        """Write what is not written."""
        self._each(Parts.flush)

    def flush_when_due(self) -> None:
        """Write what is not written, if it has waited for long enough."""
        self._each(Parts.flush_when_due)

    def seconds_until_due(self) -> float | None:
        """Return in how many seconds something is to be written, None when there is nothing."""
        times = [parts.seconds_until_due() for parts in (self.parts, self._failures)]
        return min((one for one in times if one is not None), default=None)

    def _each(self, act: Callable[[Parts], None]) -> None:
        for parts in (self.parts, self._failures):
            act(parts)
