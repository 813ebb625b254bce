"""Retries a run in which something failed: reruns that, in the same run, and repeats nothing that had
finished.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from botocore.exceptions import BotoCoreError, ClientError

from sluice.advance.batch_events import Reconcile
from sluice.ledger.ledger import Ledger
from sluice.operate.again.objects import ObjectRemover
from sluice.operate.again.outdated import OutdatedSteps, is_interrupted
from sluice.operate.clients import EventBus, MessageSender
from sluice.operate.errors import OperationError, RunRemovedError, RunStateError
from sluice.operate.state_events import publish_state
from sluice.run.compiled import Kind
from sluice.run.failures.failed_cleanup import failed_cleanup
from sluice.run.failures.outdated import begun_anew, lacking
from sluice.run.reopening import Reopening
from sluice.run.state import Run, RunState, StepRecord
from sluice.triggers.request_event import DEFAULT_STACK_PREFIX

Prepare = Callable[[Run, datetime], Reopening]
_WHY_NOT = {
    RunState.RUNNING: "It is still running: wait for its end, or cancel it.",
    RunState.SUCCEEDED: "No item of it failed, nor did its cleanup: there is nothing to run again.",
    RunState.WAITING: "It waits for its turn: `sluice show` says behind which runs.",
    RunState.REPLACED: "A newer run took its place: `sluice show` names it.",
    RunState.CANCELLED: "A cancelled run is over: start the pipeline again, with the same input.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Retried:
    """A run that is open again: the steps that had failed, as far as the ledger knows them, those of them
    whose children all run again, those of which what was done is thrown away, and those that begin anew
    because what they saw fail runs again. ``only_cleanup`` says that it had succeeded, and that its failed
    cleanup runs again and nothing else.

    ``not_queued`` says why the track Lambda could not be asked to reconcile the run at once: the sweep does
    it within minutes. ``not_published`` says why other automation was not notified.
    """

    run_id: str
    failed: tuple[str, ...]
    whole: tuple[str, ...]
    discarded: tuple[str, ...] = ()
    outdated: tuple[str, ...] = ()
    only_cleanup: bool = False
    not_queued: str | None
    not_published: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Retrier:
    """Retries runs; ``track_queue`` is the URL of the queue of the track Lambda, ``work_retention`` how long
    the objects of a run stay in the work bucket, which ``s3`` may have to remove some of.
    """

    ledger: Ledger
    s3: ObjectRemover
    work_bucket: str
    sqs: MessageSender
    events: EventBus
    track_queue: str
    stack_prefix: str = DEFAULT_STACK_PREFIX
    work_retention: timedelta

    def retry(self, run_id: str, now: datetime, prepare: Prepare | None = None) -> Retried:
        """Open a failed run again, or one that succeeded with failures that it tolerates, or whose cleanup
        failed; raises OperationError for another run, or one whose objects are gone.

        ``prepare`` returns what it is reopened with, if not with what it began with.
        """
        run = self.ledger.load(run_id)
        if run is None:
            raise RunRemovedError(run_id)
        check_retryable(run, self.work_retention, now)
        if prepare is None:
            _check_not_interrupted(run)
            if (cleanup := failed_cleanup(run)) and is_only_cleanup(run):
                return self._repeat_cleanup(run, cleanup, now)
        change = (prepare or self._outdated.prepare)(run, now)
        if not self.ledger.reopen(run, change):
            raise _changed(run_id)
        not_queued = self._reconcile(run_id)
        reopened = replace(run, state=RunState.RUNNING, reopened=run.reopened + 1, ended_at=None)
        return Retried(
            run_id=run_id,
            failed=tuple(failed_steps(run)),
            discarded=change.lost,
            outdated=tuple(name for name in change.outdated if name != _cleanup_of(run)),
            whole=tuple(steps_rerun_whole(run)),
            not_queued=not_queued,
            not_published=publish_state(self.events, reopened, RunState.RUNNING, self.stack_prefix),
        )

    def _repeat_cleanup(self, run: Run, cleanup: StepRecord, now: datetime) -> Retried:
        """Have the failed cleanup of a run run again. The run is the same one to who reads its results or
        events: none of its steps is repeated.
        """
        if not self.ledger.repeat_cleanup(
            run, cleanup, now.astimezone(UTC).isoformat(timespec="milliseconds")
        ):
            raise _changed(run.run_id)
        return Retried(
            run_id=run.run_id,
            failed=(cleanup.name,),
            whole=(),
            only_cleanup=True,
            not_queued=self._reconcile(run.run_id),
            not_published=None,
        )

    @property
    def _outdated(self) -> OutdatedSteps:
        return OutdatedSteps(self.ledger, self.s3, self.work_bucket)

    def _reconcile(self, run_id: str) -> str | None:
        """Ask the track Lambda to reconcile the run now; return why it could not be asked."""
        try:
            self.sqs.send_message(QueueUrl=self.track_queue, MessageBody=Reconcile((run_id,)).to_json())
        except (ClientError, BotoCoreError) as error:
            return str(error)
        return None


def check_retryable(run: Run, work_retention: timedelta, now: datetime) -> None:
    """Raise OperationError with the reason why a run cannot be retried, if there is one."""
    # One that succeeded may have tolerated failures: then its cleanup has left what it had done.
    has_failures = bool(lacking(run)) or failed_cleanup(run) is not None
    if run.state is not RunState.FAILED and not has_failures:
        raise RunStateError(
            f"Expected a run in which something failed, found {run.run_id} {run.state}."
            f" {_WHY_NOT[run.state]}",
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


def _check_not_interrupted(run: Run) -> None:
    if is_interrupted(run):
        raise OperationError(
            f"Expected {run.run_id} as it failed, found that a retry with the current code has thrown away a"
            " part of it and was interrupted. Retry it with the current code once more."
        )


def is_only_cleanup(run: Run) -> bool:
    """Return whether nothing of a run failed but its cleanup."""
    return failed_cleanup(run) is not None and not lacking(run)


def _changed(run_id: str) -> OperationError:
    return OperationError(
        f"Expected {run_id} as it was a moment ago, found that another process changed it. Read it again"
        " before the next attempt."
    )


def _cleanup_of(run: Run) -> str | None:
    return next((step.name for step in run.pipeline.steps if step.kind is Kind.CLEANUP), None)


def failed_steps(run: Run) -> Iterator[str]:
    """Yield the steps of which a retry repeats what failed, as far as they are known; not those that it does
    anew.
    """
    without_items, anew = lacking(run), begun_anew(run)
    for step in run.pipeline.steps:
        has_failed = step.name in run.steps and run.steps[step.name].failed
        is_repeated = (has_failed or step.name in without_items) and step.name not in anew
        if step.kind is not Kind.CLEANUP and is_repeated:
            yield step.name


def steps_rerun_whole(run: Run) -> Iterator[str]:
    """Yield the failed arrays of which all children run again, because a part of them cannot."""
    anew = begun_anew(run)
    for step in run.pipeline.steps:
        record = run.steps.get(step.name)
        has_failed = record is not None and record.failed and record.children > 1
        if has_failed and step.is_retried_whole and step.name not in anew:
            yield step.name
