"""Why something that was asked for cannot be done. A message names no command of a terminal: the caller adds
what its user can do next.
"""

from __future__ import annotations

from collections.abc import Sequence

from sluice.errors import SluiceError
from sluice.run.state import RunState

_MAX_NAMED = 5


class OperationError(SluiceError):
    """What was asked for cannot be done; the message says what was expected and what was found."""


class RequestError(OperationError):
    """The request itself is wrong or ambiguous; nothing has been changed."""


class NotDeployedError(OperationError):
    """There is no app of this name in this account and Region."""


class RunNotFoundError(OperationError):
    """No run has this id, and no run's id begins so."""

    def __init__(self, part: str) -> None:
        super().__init__(f"Expected the id of a run or its beginning, found {part!r}, which is no run's.")


class RunIdMissingError(RequestError):
    """An empty word was given as the id of a run, as an unset variable of a shell is."""

    def __init__(self) -> None:
        super().__init__("Expected the id of a run or its beginning, found an empty word.")


class AmbiguousRunError(RequestError):
    """The ids of several runs begin so."""

    def __init__(self, part: str, run_ids: Sequence[str]) -> None:
        some = ", ".join(run_ids[:_MAX_NAMED]) + (", …" if len(run_ids) > _MAX_NAMED else "")
        super().__init__(
            f"Expected the beginning of one run's id, found {part!r}, which {len(run_ids)} runs have: {some}."
            " Give more of it."
        )


class RunRemovedError(OperationError):
    """The ledger had the run a moment ago, and does not have it now."""

    def __init__(self, run_id: str) -> None:
        super().__init__(f"Expected the run {run_id} in the ledger, found that it was removed meanwhile.")


class ResultsUnreadableError(OperationError):
    """A folder of results cannot be listed: its bucket is not there, or the caller may not."""

    def __init__(self, address: str, found: str) -> None:
        super().__init__(f"Expected to list {address}, found {found}.")
        self.found = found


class RunStateError(OperationError):
    """The run is in a state in which it cannot be retried or cancelled."""

    def __init__(self, message: str, state: RunState) -> None:
        self.state = state
        super().__init__(message)


class JobMissingError(OperationError):
    """A step has no job; ``may_come`` says whether it can still get one."""

    def __init__(self, message: str, *, may_come: bool) -> None:
        self.may_come = may_come
        super().__init__(message)
