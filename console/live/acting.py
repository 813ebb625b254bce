"""Acts on runs by the functions of the command; each says before what it will do."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

from console import contract
from console.backend import Person
from sluice.aws.batch_jobs import ENDED
from sluice.counted import counted
from sluice.errors import SluiceError
from sluice.grouping.ledger import GroupLedger
from sluice.ledger.ledger import Ledger
from sluice.operate.again.current_code import CodeDiffersError, CurrentCode
from sluice.operate.again.definitions import DeployedDefinitions
from sluice.operate.again.restart import Restarter
from sluice.operate.cancel import Canceller
from sluice.operate.deployment import Deployment
from sluice.operate.errors import RunStateError
from sluice.operate.retry import (
    Prepare,
    Retrier,
    check_retryable,
    failed_steps,
    is_only_cleanup,
    steps_rerun_whole,
)
from sluice.operate.watching.snapshot import Snapshot
from sluice.run.failures.outdated import begun_anew, lacking
from sluice.run.reopening import Comparison
from sluice.run.state import RunState
from sluice.visible import visible

CANCEL_SECONDS = 4.0
"""So long an answer waits for jobs to end; the same request goes on."""
_MAX_NAMED = 5


class Action(Protocol):
    """Something that a person can do with a run."""

    def plan(self, snapshot: Snapshot) -> list[str]:
        """Return what it will do, a sentence each; raises SluiceError with why it cannot be done."""
        ...

    def act(self, snapshot: Snapshot, person: Person) -> contract.ActionResult:
        """Do it."""
        ...


@dataclass(frozen=True, slots=True)
class Retry:
    """Repeats what failed of a run, in the same run."""

    client: Callable[[str], Any]
    ledger: Ledger
    deployment: Deployment

    def plan(self, snapshot: Snapshot) -> list[str]:
        """Return which steps are repeated, how much of them, and what follows."""
        check_retryable(snapshot.run, self.deployment.work_retention, datetime.now(UTC))
        if is_only_cleanup(snapshot.run):
            return ["Its cleanup, which failed, runs again, and none of its steps."]
        failed, whole = list(failed_steps(snapshot.run)), set(steps_rerun_whole(snapshot.run))
        text = [_repeated(snapshot, name, whole=name in whole) for name in failed]
        outdated = begun_anew(snapshot.run)
        later = [name for name in _downstream(snapshot, failed) if name not in outdated]
        if later:
            text.append(f"Then {_named(later)} run{'s' if len(later) == 1 else ''}.")
        if outdated:
            text.append(f"{_named(outdated)} saw what failed, and begin{'s' * (len(outdated) == 1)} anew.")
        other = "else " if outdated else ""
        return [*text, f"What {other}has succeeded stays so, and nothing of it is repeated."]

    def act(self, snapshot: Snapshot, person: Person) -> contract.ActionResult:
        """Open the run again."""
        return self.retry(snapshot, "retry", None)

    def retry(self, snapshot: Snapshot, action: str, prepare: Prepare | None) -> contract.ActionResult:
        """Open the run again, with what ``prepare`` returns in place of what it began with."""
        retrier = Retrier(
            ledger=self.ledger,
            s3=self.client("s3"),
            work_bucket=self.deployment.work,
            sqs=self.client("sqs"),
            events=self.client("events"),
            track_queue=self.deployment.track_queue,
            stack_prefix=self.deployment.prefix,
            work_retention=self.deployment.work_retention,
        )
        done = retrier.retry(snapshot.run.run_id, datetime.now(UTC), prepare)
        text = [f"The cleanup of {done.run_id} runs again."]
        if not done.only_cleanup:
            text = [f"{done.run_id} runs again: what failed of {_named(list(done.failed)) or 'it'}."]
        if done.not_queued is not None:
            text.append(f"The next sweep, within five minutes, continues it: {visible(done.not_queued)}.")
        return contract.ActionResult(action=action, run_id=done.run_id, done=True, text=tuple(text))


@dataclass(frozen=True, slots=True)
class RetryWithCurrentCode:
    """Repeats what failed of a run with what is deployed now; what is done stays, or the run is left as it
    is.
    """

    client: Callable[[str], Any]
    ledger: Ledger
    deployment: Deployment

    def plan(self, snapshot: Snapshot) -> list[str]:
        """Return what a retry does, and what is different now; raises CodeDiffersError where what is done
        would be thrown away.
        """
        run = snapshot.run
        text = self._retry.plan(snapshot)
        deployed = self._definitions.load(run.pipeline.name)
        differences = Comparison(run.pipeline, deployed, run.steps, lacking(run)).differences()
        if any(one.loses for one in differences):
            raise CodeDiffersError(run.run_id, differences)
        changed = [f"{one.step}: {one.what}." for one in differences]
        return [*text, "It goes on with the code that is deployed now.", *changed]

    def act(self, snapshot: Snapshot, person: Person) -> contract.ActionResult:
        """Open the run again with the deployed pipeline; nothing that is done is thrown away."""
        current = CurrentCode(
            ledger=self.ledger,
            batch=self.client("batch"),
            s3=self.client("s3"),
            work_bucket=self.deployment.work,
            queues=self.deployment.queues,
            definitions=self._definitions,
        )
        return self._retry.retry(snapshot, "retry-current", current.prepare)

    @property
    def _retry(self) -> Retry:
        return Retry(self.client, self.ledger, self.deployment)

    @property
    def _definitions(self) -> DeployedDefinitions:
        return DeployedDefinitions(self.client("s3"), *self.deployment.definitions)


@dataclass(frozen=True, slots=True)
class Cancel:
    """Ends a run and all of its jobs."""

    client: Callable[[str], Any]
    ledger: Ledger
    deployment: Deployment

    def plan(self, snapshot: Snapshot) -> list[str]:
        """Return how many jobs are ended."""
        run = snapshot.run
        if run.state is RunState.SUCCEEDED:
            raise RunStateError(f"Expected a run that has not succeeded, found {run.run_id}.", run.state)
        live = [job for job in snapshot.jobs.values() if job["status"] not in ENDED]
        jobs = counted(len(live), "job with all children is", "jobs with all children are")
        return [
            f"{jobs} ended, and nothing new is submitted.",
            "A cancelled run is over: it can be run again from its beginning, and not retried.",
        ]

    def act(self, snapshot: Snapshot, person: Person) -> contract.ActionResult:
        """Cancel, and wait for some seconds until nothing is left."""
        run_id = snapshot.run.run_id
        canceller = Canceller(
            ledger=self.ledger,
            batch=self.client("batch"),
            queues=self.deployment.queues,
            run_id=run_id,
            # AWS CloudTrail and the job's status reason have it.
            reason=f"Cancelled in the console by {visible(person.name)[:100]}: {run_id}.",
            stack_prefix=self.deployment.prefix,
        )
        done = canceller.cancel(self.client("events"), CANCEL_SECONDS, lambda _: None)
        left = [*done.remaining.jobs.values(), *done.remaining.claims]
        text = (
            f"{run_id} is {done.state}, and a last check found none of its jobs left."
            if not left
            else f"Nothing new is submitted; {counted(len(left), 'job is', 'jobs are')} still ending:"
            f" {_named(sorted(left))}."
        )
        return contract.ActionResult(action="cancel", run_id=run_id, done=not left, text=(text,))


@dataclass(frozen=True, slots=True)
class Rerun:
    """Runs a run again from its beginning, as a new run with the same trigger and the same code."""

    client: Callable[[str], Any]
    deployment: Deployment

    def plan(self, snapshot: Snapshot) -> list[str]:
        """Return what begins."""
        run = snapshot.run
        return [
            f"A new run of {run.pipeline.name} begins with the same input: {visible(snapshot.view.input)}.",
            "It has the code that this run began with. This run stays as it is.",
        ]

    def act(self, snapshot: Snapshot, person: Person) -> contract.ActionResult:
        """Request the new run."""
        s3 = self.client("s3")
        bucket, key = self.deployment.definitions
        restarter = Restarter(
            groups=GroupLedger(self.client("dynamodb"), self.deployment.table),
            s3=s3,
            sqs=self.client("sqs"),
            trigger_queue=self.deployment.trigger_queue,
            work_bucket=self.deployment.work,
            definitions=DeployedDefinitions(s3, bucket, key),
        )
        new = restarter.restart(snapshot.run, str(uuid.uuid4()), with_current_code=False)
        text = (f"{snapshot.run.run_id} runs again from its beginning, as {new}.",)
        return contract.ActionResult(action="rerun", run_id=new, done=True, text=text)


def plan_of(action: Action, name: str, snapshot: Snapshot, missing: str | None) -> contract.ActionPlan:
    """Return what an action will do, or why it cannot be done; ``missing`` is what IAM refused."""
    try:
        text, allowed = action.plan(snapshot), missing is None
    except SluiceError as error:
        text, allowed = [visible(str(error))], False
    return contract.ActionPlan(
        action=name,
        run_id=snapshot.run.run_id,
        allowed=allowed,
        permission=contract.Permission(allowed=missing is None, missing=missing),
        text=tuple(text),
    )


def _repeated(snapshot: Snapshot, name: str, *, whole: bool) -> str:
    record, view = snapshot.run.steps[name], snapshot.step(name)
    if whole:
        return f"All {record.children:,} children of {name} run again: a command cannot be limited to some."
    if record.failed_items:
        items = "item" if record.failed_items == 1 else "items"
        return f"{record.failed_items:,} failed {items} of {name} are worked on again."
    if record.children > 1 and view is not None and view.failed:
        return f"{view.failed:,} of {record.children:,} children of {name} run again."
    return f"{name} runs again."


def _downstream(snapshot: Snapshot, failed: list[str]) -> list[str]:
    """Return the steps that follow these, in order."""
    found = set(failed)
    later: list[str] = []
    for step in snapshot.run.pipeline.steps:
        if step.name not in found and not found.isdisjoint(step.parents):
            found.add(step.name)
            later.append(step.name)
    return later


def _named(names: list[str]) -> str:
    return ", ".join(_first(names)) + (
        f" and {len(names) - _MAX_NAMED} more" if len(names) > _MAX_NAMED else ""
    )


def _first(names: list[str]) -> Iterator[str]:
    yield from names[:_MAX_NAMED]
