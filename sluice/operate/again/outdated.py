"""Prepares a run to go on with the code that it began with: what saw a failure that is repeated begins
anew. See docs/decisions/0044.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from sluice.ledger.ledger import Ledger
from sluice.ledger.reopening import OUTDATED
from sluice.operate.again.objects import ObjectRemover, failing_children, remove_objects
from sluice.operate.errors import OperationError
from sluice.run.compiled import Kind
from sluice.run.failures.outdated import begun_anew, has_objects
from sluice.run.reopening import UNCHANGED, Reopening
from sluice.run.state import Run, StepState

_WITH_OBJECTS = (Kind.ARRAY, Kind.PLAN)
_LIVE = (StepState.CLAIMED, StepState.SUBMITTED)


@dataclass(frozen=True, slots=True)
class OutdatedSteps:
    """Undoes what saw an end that is not the last one: the records while the run is still over, with a
    condition that none has changed, then the objects. Whoever is interrupted begins once more.
    """

    ledger: Ledger
    s3: ObjectRemover
    work_bucket: str

    def prepare(self, run: Run, now: datetime) -> Reopening:
        """Undo these steps of a failed run, and return what it is reopened with; without such steps nothing
        is read or written.

        Raises OperationError while jobs of such an array or plan may be live, which would write on, and where
        another process changed the run.
        """
        outdated = begun_anew(run)
        repeated = failing_children(self.s3, self.work_bucket, run)
        removed = list(_steps_with_objects(run, outdated))
        if not (outdated or repeated or removed):
            return UNCHANGED
        self._check_idle(run, [name for name in removed if run.steps[name].state in _LIVE])
        change = Reopening(outdated=tuple(outdated), repeated=repeated)
        stamp = now.astimezone(UTC).isoformat(timespec="milliseconds")
        if not self.ledger.rewrite_steps(run, change, stamp):
            raise OperationError(
                f"Expected {run.run_id} as it was a moment ago, found that another process changed it. Try"
                " again."
            )
        for name in removed:
            remove_objects(self.s3, self.work_bucket, run.run_id, name)
        return change

    def _check_idle(self, run: Run, live: list[str]) -> None:
        if live:
            raise OperationError(
                f"Expected no live job of {', '.join(live)} of {run.run_id}, which begin anew because what"
                " they saw fail runs again; found that the ledger knows no end of them. Wait until they have"
                " ended; `sluice retry --with-current-code --force` asks AWS Batch."
            )


def _steps_with_objects(run: Run, outdated: list[str]) -> Iterator[str]:
    """Yield the arrays and plans whose objects are to go: of these steps, and those that a retry undid that
    was interrupted.
    """
    for step in run.pipeline.steps:
        record = run.steps.get(step.name)
        if record is None or step.kind not in _WITH_OBJECTS:
            continue
        if record.discarded or (step.name in outdated and has_objects(step, record)):
            yield step.name


def is_interrupted(run: Run) -> bool:
    """Return whether a retry with the current code has thrown away a part of a run, and was interrupted."""
    return any(record.discarded and record.reason != OUTDATED for record in run.steps.values())
