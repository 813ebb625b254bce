"""What can go wrong inside a job, each with its reason."""

from __future__ import annotations

from sluice.errors import SluiceError


class StepError(Exception):
    """The user's function failed while it worked on an item; ``cause`` is what it raised."""

    def __init__(self, item: int, cause: BaseException) -> None:
        self.item = item
        self.cause = cause
        super().__init__(f"item {item}: {type(cause).__name__}: {cause}")


class UpstreamFailedError(Exception):
    """An item has no successor: it failed in the array that this one follows."""

    def __init__(self, step: str, item: int) -> None:
        self.step = step
        super().__init__(f"{step} failed at item {item}, so there is nothing to go on with.")


class NodeError(Exception):
    """The main node of a multi-node job failed after another node did, whose reason comes first."""


class ReturnedError(SluiceError):
    """A step's function returned something that cannot be passed to the next step."""


class ResultsMissingError(SluiceError):
    """The results of an earlier step are not there."""


class CleanupError(SluiceError):
    """Objects of a run could not be deleted."""


class JobNotRegisteredError(SluiceError):
    """The ledger has no job for this step yet: its submitter has not recorded it. Another attempt may find
    it.
    """


class Stopped(SystemExit):
    """Batch stopped the job (SIGTERM); unlike a SystemExit of the user's own code."""
