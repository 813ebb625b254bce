"""Retries a failed run: reruns what failed of it, in the same run, and repeats nothing that had finished."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from botocore.exceptions import BotoCoreError, ClientError

from sluice.advance.batch_events import Reconcile
from sluice.ledger.ledger import Ledger
from sluice.operate.clients import EventBus, MessageSender
from sluice.operate.errors import OperationError, RunRemovedError, RunStateError
from sluice.operate.state_events import publish_state
from sluice.run.compiled import Kind
from sluice.run.state import Run, RunState

_WHY_NOT = {
    RunState.RUNNING: "It is still running: wait for its end, or cancel it.",
    RunState.SUCCEEDED: "There is nothing to run again.",
    RunState.CANCELLED: "A cancelled run is over: start the pipeline again, with the same input.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Retried:
    """A run that is open again: the steps that had failed, as far as the ledger knows them, and those of them
    whose children all run again.

    ``not_queued`` says why the track Lambda could not be asked to reconcile the run at once: the sweep does
    it within minutes. ``not_published`` says why other automation was not notified.
    """

    run_id: str
    failed: tuple[str, ...]
    whole: tuple[str, ...]
    not_queued: str | None
    not_published: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Retrier:
    """Retries runs; ``track_queue`` is the URL of the queue of the track Lambda, ``work_retention`` how long
    the objects of a run stay in the work bucket.
    """

    ledger: Ledger
    sqs: MessageSender
    events: EventBus
    track_queue: str
    work_retention: timedelta

    def retry(self, run_id: str, now: datetime) -> Retried:
        """Open a failed run again; raises OperationError for a run that has not failed, or whose objects are
        gone.
        """
        run = self.ledger.load(run_id)
        if run is None:
            raise RunRemovedError(run_id)
        check_retryable(run, self.work_retention, now)
        if not self.ledger.reopen(run):
            raise OperationError(
                f"Expected {run_id} as it was a moment ago, found that another process changed it. Read it"
                " again before the next attempt."
            )
        not_queued = self._reconcile(run_id)
        reopened = replace(run, state=RunState.RUNNING, reopened=run.reopened + 1, ended_at=None)
        return Retried(
            run_id=run_id,
            failed=tuple(_failed(run)),
            whole=tuple(_rerun_whole(run)),
            not_queued=not_queued,
            not_published=publish_state(self.events, reopened, RunState.RUNNING),
        )

    def _reconcile(self, run_id: str) -> str | None:
        """Ask the track Lambda to reconcile the run now; return why it could not be asked."""
        try:
            self.sqs.send_message(QueueUrl=self.track_queue, MessageBody=Reconcile((run_id,)).to_json())
        except (ClientError, BotoCoreError) as error:
            return str(error)
        return None


def check_retryable(run: Run, work_retention: timedelta, now: datetime) -> None:
    """Raise OperationError with the reason why a run cannot be retried, if there is one."""
    if run.state is not RunState.FAILED:
        raise RunStateError(
            f"Expected a run that has failed, found {run.run_id} {run.state}. {_WHY_NOT[run.state]}",
            run.state,
        )
    if run.cleaned:
        raise OperationError(
            f"Expected what {run.run_id} left in the work bucket, found that it was removed,"
            f" {run.pipeline.keep_failed} days after the run had failed (keep_failed= of the pipeline). Start"
            " the pipeline again, with the same input."
        )
    if datetime.fromisoformat(run.created_at) + work_retention <= now:
        raise OperationError(
            f"Expected what {run.run_id} left in the work bucket, found that it began more than"
            f" {work_retention.days} days ago, after which that expires. Start the pipeline again, with the"
            " same input."
        )


def _failed(run: Run) -> Iterator[str]:
    """Yield the steps that failed, as far as they are known."""
    for step in run.pipeline.steps:
        if step.kind is not Kind.CLEANUP and step.name in run.steps and run.steps[step.name].failed:
            yield step.name


def _rerun_whole(run: Run) -> Iterator[str]:
    """Yield the failed arrays of which all children run again."""
    for step in run.pipeline.steps:
        record = run.steps.get(step.name)
        if record is not None and step.is_retried_whole and record.failed and record.children > 1:
            yield step.name
