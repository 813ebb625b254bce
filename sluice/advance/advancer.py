"""``advance``: reads a run in the ledger and submits whatever can be submitted and is not.

Level-triggered, safe to repeat: what a run needs is decided from the ledger alone (sluice/run/decision.py),
each step is claimed by a conditional write before it is submitted (sluice/advance/submitter.py), and a claim
whose owner is gone is settled first (sluice/advance/claims.py).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import Enum, auto
from functools import partial

from sluice.advance.claims import ClaimSettler
from sluice.advance.failed_children import failed_children
from sluice.advance.found_jobs import JobFinder
from sluice.advance.job_submission import BatchClient
from sluice.advance.lease import Lease
from sluice.advance.lost_machines import lost_children
from sluice.advance.run_order import RunOrder
from sluice.advance.submitter import Submitter, with_known_parents
from sluice.alerts.run_events import RunChanged, change
from sluice.aws.retrying import Backoff
from sluice.errors import UnsettledError
from sluice.ledger.ledger import MAX_CLAIMS, Ledger
from sluice.messages import JobWaiting, Planned, RunFailed
from sluice.run.decision import Decision, decide
from sluice.run.failures.failed_cleanup import failed_cleanup
from sluice.run.following import overtaken
from sluice.run.next_generation import last_cleanup
from sluice.run.state import Run, RunState, StepState
from sluice.run.submission import Submission

_ATTEMPTS = 5
_BASE_SECONDS = 0.2


class _Progress(Enum):
    """How far one evaluation of a run came."""

    COMPLETE = auto()
    """All that can be submitted is."""
    SUBMITTED = auto()
    """Some is submitted, and some waits for that."""
    NONE = auto()
    """Another invocation was faster, or something was found out: the run must be evaluated again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Advancer:
    """Advances runs. ``batch`` returns a Batch client that repeats nothing by itself."""

    ledger: Ledger
    batch: Callable[[], BatchClient]
    queues: Mapping[str, str]
    notify_failed: Callable[[RunFailed], None]
    """Hands a failure to the alerts."""
    on_end: Callable[[RunState, float], None] = lambda state, seconds: None
    """Is called at the end of each run with the seconds that it took, once, for the metrics."""
    on_change: Callable[[RunChanged], None] = lambda change: None
    """Is called with each new state of a run, at least once, for other automation."""
    is_start_job: bool = False
    """Whether this is the run's start job, to which everybody else leaves the steps downstream of it until it
    has succeeded.
    """
    rate_limit: Callable[[], None] = lambda: None
    """Is called before each SubmitJob, and returns when it may be sent."""
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    sleep: Callable[[float], None] = time.sleep

    @property
    def submitter(self) -> Submitter:
        """Return what submits claimed steps."""
        return Submitter(
            ledger=self.ledger,
            batch=self.batch,
            queues=self.queues,
            rate_limit=self.rate_limit,
            sleep=self.sleep,
        )

    @property
    def claims(self) -> ClaimSettler:
        """Return what settles claims whose owner is gone."""
        return ClaimSettler(
            submitter=self.submitter,
            finder=JobFinder(batch=self.batch),
            now=self.now,
            is_start_job=self.is_start_job,
        )

    @property
    def order(self) -> RunOrder:
        """Return what lets runs of one key run one after the other."""
        return RunOrder(ledger=self.ledger, on_change=self.on_change, advance=self.advance, now=self.now)

    def start(self, run: Run, *, anyway: bool = False) -> bool:
        """Begin a run, perhaps with steps that are done already; False when it had begun before, and then it
        is advanced instead.

        Raises PausedError while its pipeline is paused, unless it is to begin ``anyway``.
        """
        if run.pipeline.concurrency is not None:
            return self.order.start(run, run.pipeline.concurrency, anyway=anyway)
        submissions = decide(run.pipeline, run.steps).submissions
        claims = submissions[: MAX_CLAIMS - len(run.steps)]
        lease = Lease.begun(self.now, run.created_at)
        begun = self.ledger.start(run, claims, anyway=anyway)
        submitted = False
        if begun:
            self.on_change(change(run, RunState.RUNNING, run.created_at))
            submitted = self.submitter.submit(run, claims, lease)
        elif (known := self.ledger.load(run.run_id)) is not None:
            # The invocation that began it may have died before it reported the run: it is reported as it is.
            reported = change(known, known.state, known.ended_at or known.created_at, known.failed_step)
            self.on_change(reported)
        if not submitted or len(submissions) > len(claims):
            self.advance(run.run_id)
        return begun

    def advance(self, run_id: str) -> bool:
        """Submit what can be submitted and is not, and record the run's end. False for a run that the ledger
        does not know.

        Raises UnsettledError when something that is to be submitted must wait for a claim that may still
        become a job: advance the run again later.
        """
        backoff = Backoff(attempts=_ATTEMPTS, base=_BASE_SECONDS, sleep=self.sleep)
        while True:
            run = self._load_settled(run_id)
            if run is None or run.state is not RunState.RUNNING:
                if run is not None and not self.is_start_job:
                    self._report_cleanup(run)
                    self.order.settle(run)
                return run is not None
            progress = self._advance_once(run)
            if progress is _Progress.COMPLETE:
                return True
            if progress is _Progress.SUBMITTED:
                backoff.reset()
            elif not backoff.try_again():
                raise UnsettledError(f"Steps of {run_id} are being submitted by another invocation.")

    def _advance_once(self, run: Run) -> _Progress:
        """Submit what can be submitted now; record the run's end when nothing is left to submit."""
        decision = decide(run.pipeline, run.steps, run.reopened, starting=self.is_start_job)
        ready = with_known_parents(decision.submissions, run.steps)[:MAX_CLAIMS]
        is_resolved = self.is_start_job or self._resolve(run, decision.unresolved_steps)
        if not is_resolved or not self._claim_and_submit(run, ready):
            return _Progress.NONE
        if len(ready) == len(decision.submissions) and _no_open_claims(run, decision):
            return self._complete(run, decision)
        return _Progress.SUBMITTED if ready else _Progress.NONE

    def _complete(self, run: Run, decision: Decision) -> _Progress:
        """Record the run's end, or see to it that the next end of a job has it advanced."""
        self._finish(run, decision)
        quiet = overtaken(run.pipeline, run.steps) if decision.outcome is RunState.RUNNING else ()
        asked = [self.ledger.ask_for_advance(run.run_id, record) for record in quiet]
        return _Progress.COMPLETE if all(asked) else _Progress.NONE

    def clean_up(self, run_id: str) -> bool:
        """Submit the cleanup of a failed run whose days are over; False when something of it is still live,
        or it was reopened.

        Once: whatever becomes of it, the bucket's lifecycle removes the rest.
        """
        run = self.ledger.load(run_id)
        submission = last_cleanup(run) if run else None
        if run is None or submission is None:
            return False
        lease, record = Lease.begun(self.now), run.steps.get(submission.step.name)
        abandoned = record if record and record.state is StepState.CLAIMED else None
        claimed = self.ledger.claim_cleanup(run_id, submission, lease.stamp, abandoned)
        return claimed and self.submitter.submit(run, [submission], lease)

    def claim_planned(self, plan: Planned) -> Callable[[], None] | None:
        """Record the items of a plan and claim all that can be submitted then, by one write; return what
        submits it. None where it takes more than that: record the plan, and advance its run.
        """
        run = self.ledger.load(plan.run)
        planned = _with_items(run, plan) if run is not None else None
        if planned is None:
            return None
        decision = decide(planned.pipeline, planned.steps, planned.reopened, starting=self.is_start_job)
        ready = with_known_parents(decision.submissions, planned.steps)
        is_all = 0 < len(ready) == len(decision.submissions) < MAX_CLAIMS and not decision.unresolved_steps
        lease = Lease.begun(self.now)
        if not is_all or not self.ledger.claim(plan.run, ready, lease.stamp, plan):
            return None
        return partial(self._submit_claimed, planned, decision, ready, lease)

    def _submit_claimed(
        self, run: Run, decision: Decision, ready: Sequence[Submission], lease: Lease
    ) -> None:
        is_submitted = self.submitter.submit(run, ready, lease)
        if not is_submitted or self._complete(run, decision) is not _Progress.COMPLETE:
            self.advance(run.run_id)

    def register(self, waiting: JobWaiting) -> bool:
        """Register a job that waits for it, if it is that of a claim; then advance its run. False for a run
        that the ledger does not know.
        """
        run = self.ledger.load(waiting.run)
        if run is not None and run.state is RunState.RUNNING:
            self.claims.register(run, waiting.step, waiting.generation, waiting.job_id)
        return run is not None and self.advance(waiting.run)

    def _load_settled(self, run_id: str) -> Run | None:
        """Return the run once none of its claims is abandoned."""
        claims, run = self.claims, self.ledger.load(run_id)
        while run is not None and run.state is RunState.RUNNING and claims.settle(run):
            run = self.ledger.load(run_id)
        return run

    def _claim_and_submit(self, run: Run, ready: Sequence[Submission]) -> bool:
        """Claim and submit steps; False when the run must be evaluated again: another invocation has claimed
        one of them, perhaps before what we know was recorded, or one was refused.
        """
        if not ready:
            return True
        lease = Lease.begun(self.now)
        claimed = self.ledger.claim(run.run_id, ready, lease.stamp)
        return claimed and self.submitter.submit(run, ready, lease)

    def _resolve(self, run: Run, unresolved: Sequence[str]) -> bool:
        """Find out which children of these steps failed, and which of them their machines ended; False when
        there was something to find out: the run must be evaluated again.
        """
        for name in unresolved:
            record, step = run.steps[name], run.pipeline.step(name)
            failed = record.failed_children
            if failed is None:
                failed = failed_children(self.batch(), record, self.sleep)
            lost = lost_children(self.batch(), step, record, failed)
            self.ledger.record_failed_children(
                run.run_id, record, failed, interrupted=lost.interrupted, faulted=lost.faulted
            )
        return not unresolved

    def _finish(self, run: Run, decision: Decision) -> None:
        """Report a failure as soon as it is certain, and record the run's end."""
        step = run.failed_step or decision.failed_step
        if step and not run.failed_step:
            # Reported before it is recorded: a Lambda that dies between the two reports it again, and the
            # alert is deduplicated.
            failed = RunFailed(run=run.run_id, step=step, generation=run.steps[step].generation)
            self.notify_failed(failed)
        if decision.outcome is not RunState.RUNNING:
            if not decision.submissions:  # else the record is that of before them
                self._report_cleanup(replace(run, state=decision.outcome))
            self._end(run, decision.outcome, step)
        elif step and not run.failed_step:
            self.ledger.record_failed_step(run.run_id, step)

    def _report_cleanup(self, run: Run) -> None:
        """Report the failed cleanup of a run that succeeded; the alert is deduplicated."""
        record = failed_cleanup(run)
        if record is not None:
            self.notify_failed(RunFailed(run=run.run_id, step=record.name, generation=record.generation))

    def _end(self, run: Run, state: RunState, failed_step: str | None) -> None:
        now = self._stamp()
        self.on_change(change(run, state, now, failed_step))
        kept = self.now() + timedelta(days=run.pipeline.keep_failed)
        due = kept.date().isoformat() if state is RunState.FAILED else None
        followed = run.pipeline.followed and state is RunState.SUCCEEDED
        if self.ledger.finish(
            run.run_id, state, now, failed_step, reopened=run.reopened, cleanup_on=due, followed=followed
        ):
            seconds = (self.now() - datetime.fromisoformat(run.created_at)).total_seconds()
            self.on_end(state, seconds)
        if not self.is_start_job:  # whose role reaches no queue of runs; its own end has them looked at
            self.order.ended(run)

    def _stamp(self) -> str:
        return self.now().isoformat(timespec="milliseconds")


def _with_items(run: Run, plan: Planned) -> Run | None:
    """Return a run as it will be with the items of a plan; None where these are not for the record of its
    registered job, or a claim is to be settled first.
    """
    record = run.steps.get(plan.step)
    is_open = any(one.state is StepState.CLAIMED for one in run.steps.values())
    if record is None or run.state is not RunState.RUNNING or is_open or record.planned:
        return None
    if (record.job_id, record.generation) != (plan.job_id, plan.generation):
        return None
    found = replace(record, items=plan.items, manifest=plan.manifest)
    return replace(run, steps={**run.steps, plan.step: found})


def _no_open_claims(run: Run, decision: Decision) -> bool:
    """Return False for a run that could succeed and has a claim without a job: after its end nothing would
    settle its cleanup.
    """
    states = {record.state for record in run.steps.values()}
    return decision.outcome is not RunState.SUCCEEDED or StepState.CLAIMED not in states
