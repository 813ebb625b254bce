"""``advance``: reads a run in the ledger and submits whatever can be submitted and is not.

Level-triggered, safe to repeat: what a run needs is decided from the ledger alone (sluice/run/decision.py),
each step is claimed by a conditional write before it is submitted (sluice/advance/submitter.py), and a claim
whose owner is gone is settled first (sluice/advance/claims.py).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum, auto

from sluice.advance.claims import ClaimSettler
from sluice.advance.failed_children import failed_children
from sluice.advance.job_submission import BatchClient
from sluice.advance.spot_interruptions import interrupted_children
from sluice.advance.submitter import Submitter, with_known_parents
from sluice.alerts.run_events import RunChanged, change
from sluice.aws.retrying import Backoff
from sluice.errors import UnsettledError
from sluice.ledger.ledger import MAX_CLAIMS, Ledger
from sluice.messages import RunFailed
from sluice.run.decision import Decision, decide
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
            submitter=self.submitter, batch=self.batch, now=self.now, is_start_job=self.is_start_job
        )

    def start(self, run: Run) -> bool:
        """Begin a run, perhaps with steps that are done already; False when it had begun before, and then it
        is advanced instead.
        """
        submissions = decide(run.pipeline, run.steps).submissions
        claims = submissions[: MAX_CLAIMS - len(run.steps)]
        begun = self.ledger.start(run, claims)
        submitted = False
        if begun:
            self.on_change(change(run, RunState.RUNNING, run.created_at))
            submitted = self.submitter.submit(run, claims)
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
            self._finish(run, decision)
            return _Progress.COMPLETE
        return _Progress.SUBMITTED if ready else _Progress.NONE

    def clean_up(self, run_id: str) -> bool:
        """Submit the cleanup of a failed run whose days are over; False when something of it is still live,
        or it was reopened.

        Once: whatever becomes of it, the bucket's lifecycle removes the rest.
        """
        run = self.ledger.load(run_id)
        submission = last_cleanup(run) if run else None
        if run is None or submission is None:
            return False
        claimed = self.ledger.claim_cleanup(run_id, submission, self._stamp())
        return claimed and self.submitter.submit(run, [submission])

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
        claimed = self.ledger.claim(run.run_id, ready, self._stamp())
        return claimed and self.submitter.submit(run, ready)

    def _resolve(self, run: Run, unresolved: Sequence[str]) -> bool:
        """Find out which children of these steps failed; False when there was something to find out: the run
        must be evaluated again.
        """
        for name in unresolved:
            record, least = run.steps[name], run.pipeline.step(name).reclaimed
            failed = record.failed_children
            if failed is None:
                failed = failed_children(self.batch(), record, self.sleep)
            interrupted = interrupted_children(self.batch(), record, failed, least) if least else None
            self.ledger.record_failed_children(run.run_id, record, failed, interrupted)
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
            self._end(run, decision.outcome, step)
        elif step and not run.failed_step:
            self.ledger.record_failed_step(run.run_id, step)

    def _end(self, run: Run, state: RunState, failed_step: str | None) -> None:
        now = self._stamp()
        self.on_change(change(run, state, now, failed_step))
        kept = self.now() + timedelta(days=run.pipeline.keep_failed)
        due = kept.date().isoformat() if state is RunState.FAILED else None
        if self.ledger.finish(run.run_id, state, now, failed_step, reopened=run.reopened, cleanup_on=due):
            seconds = (self.now() - datetime.fromisoformat(run.created_at)).total_seconds()
            self.on_end(state, seconds)

    def _stamp(self) -> str:
        return self.now().isoformat(timespec="milliseconds")


def _no_open_claims(run: Run, decision: Decision) -> bool:
    """Return False for a run that could succeed and has a claim without a job: after its end nothing would
    settle its cleanup.
    """
    states = {record.state for record in run.steps.values()}
    return decision.outcome is not RunState.SUCCEEDED or StepState.CLAIMED not in states
