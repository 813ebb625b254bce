"""How a worker ended: by its own word, and by what the system says of its process."""

from __future__ import annotations

import signal
from dataclasses import dataclass
from typing import Protocol

from sluice.run.reasons import explain_exit_code
from sluice.runtime.exit_codes import FAILED, SIGNALLED
from sluice.runtime.worker.report import Outcome, Report, Returned


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """The end of a worker.

    ``outcome`` is its final word, None when it had none. ``status`` is its exit code, or minus the signal
    that it died of. ``stopped`` says whether the job was asked to stop. ``peak_mib`` is the most memory that
    it had. ``stderr`` are the last lines of its standard error.
    """

    outcome: Outcome | None = None
    status: int = 0
    stopped: bool = False
    is_cut: bool = False
    peak_mib: int | None = None
    stderr: tuple[str, ...] = ()

    @property
    def has_returned(self) -> bool:
        """Return whether all the work was done: the worker said so, and ended well."""
        return isinstance(self.outcome, Returned) and (self.status == 0 or self.is_cut)

    @property
    def is_killed(self) -> bool:
        """Return whether it was killed, as the kernel does to a process for want of memory."""
        return self.status == -signal.SIGKILL

    @property
    def exit_code(self) -> int:
        """Return the exit code of a job whose worker ended without having done its work."""
        return SIGNALLED - self.status if self.status < 0 else self.status or FAILED

    def __str__(self) -> str:
        """Return a sentence that says what ended the worker."""
        code = SIGNALLED - self.status if self.status < 0 else self.status
        by = f"signal {_name(-self.status)}, " if self.status < 0 else ""
        when = "after" if isinstance(self.outcome, Returned) else "before"
        memory = "" if self.peak_mib is None else f" Its peak memory was {self.peak_mib} MiB."
        return (
            f"The process ended with {by}{explain_exit_code(code)}, {when} the function had returned.{memory}"
        )


def _name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return str(number)


class WorkerExit(SystemExit):
    """Ends the worker's process with this exit code, through whatever its supervisor was about to do."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


class Listener(Report, Protocol):
    """Hears what a worker tells, and writes down what it has finished."""

    def flush(self) -> None:
        """Write what is not written."""

    def flush_when_due(self) -> None:
        """Write what is not written, if that is due."""

    def seconds_until_due(self) -> float | None:
        """Return in how many seconds something is to be written, None when there is nothing."""
