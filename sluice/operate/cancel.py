"""Cancels a run completely: nothing new is submitted, and nothing that was submitted is left.

1. The run becomes CANCELLED in the ledger, with the write by which any run ends. From then on nothing of it
   can be claimed.
2. Every pass lists all jobs of the run by the beginning of their names, including those that the ledger does
   not name, and terminates the live ones. A job that the ledger names and AWS Batch does not show yet is
   terminated by its id, and counts as live until it is shown.
3. A step that was claimed earlier may still be in the course of being submitted: it is waited for. A claim
   so old that its owner must be gone is taken over, as ``advance`` would, so that no other process takes it;
   then it is settled by whether there is a job of its name.
4. Nothing is left when a pass that came after all this finds neither such a claim nor a live job.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from sluice.advance.lease import LEASE
from sluice.aws.batch_jobs import ENDED, Job, jobs_by_id, list_jobs_by_name, terminate_jobs
from sluice.ledger.ledger import Ledger
from sluice.operate.clients import BatchCanceller, EventBus
from sluice.operate.errors import RunRemovedError, RunStateError
from sluice.operate.state_events import publish_state
from sluice.run.job_names import JobName
from sluice.run.state import Run, RunState, StepRecord, StepState
from sluice.triggers.request_event import DEFAULT_STACK_PREFIX

NEVER_SUBMITTED = "cancelled before it was submitted"
SECONDS_BETWEEN_PASSES = 1.0
CLOCKS = timedelta(minutes=15)
"""More than the clocks of two machines differ by."""
UNSEEN = CLOCKS
"""For how long after its claim a job may not be shown; later AWS Batch has forgotten it."""


@dataclass(frozen=True, slots=True)
class Remaining:
    """What a pass found: live jobs by id, with their names, and steps that may still become jobs."""

    jobs: Mapping[str, str]
    claims: tuple[str, ...]

    @property
    def is_empty(self) -> bool:
        """Return whether nothing of the run is left."""
        return not self.jobs and not self.claims


@dataclass(frozen=True, slots=True, kw_only=True)
class Cancellation:
    """What became of a run: its state, the ids of the jobs that were terminated and have ended, and what the
    last pass found. ``not_published`` says why other automation was not notified.
    """

    run_id: str
    state: RunState
    terminated: tuple[str, ...]
    remaining: Remaining
    not_published: str | None


@dataclass(slots=True, kw_only=True)
class Canceller:
    """Cancels one run; ``terminated`` are the jobs that it has terminated, with ``reason`` as AWS Batch's
    status reason.
    """

    ledger: Ledger
    batch: BatchCanceller
    queues: Mapping[str, str]
    run_id: str
    reason: str
    stack_prefix: str = DEFAULT_STACK_PREFIX
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic
    terminated: set[str] = field(default_factory=set)
    _taken_over: dict[str, str] = field(default_factory=dict)
    _seen: dict[tuple[str, str], float] = field(default_factory=dict)

    def cancel(self, events: EventBus, seconds: float, progress: Callable[[Remaining], None]) -> Cancellation:
        """Cancel the run and wait up to ``seconds`` until nothing of it is left; ``progress`` receives what
        each pass found.

        Raises RunStateError for a run that has succeeded.
        """
        run = self.stop()
        if run.state is RunState.SUCCEEDED:
            raise RunStateError(
                f"Expected a run that has not succeeded, found {run.run_id} {run.state}. There is nothing to"
                " cancel.",
                run.state,
            )
        cancelled = run.state is RunState.CANCELLED
        not_published = publish_state(events, run, run.state, self.stack_prefix) if cancelled else None
        remaining = self.clear(seconds, progress)
        return Cancellation(
            run_id=run.run_id,
            state=run.state,
            terminated=tuple(sorted(self.terminated - remaining.jobs.keys())),
            remaining=remaining,
            not_published=not_published,
        )

    def stop(self) -> Run:
        """Prevent any further claim, and return the run as it is now: CANCELLED, or FAILED or SUCCEEDED when
        it had ended already.
        """
        self.ledger.finish(self.run_id, RunState.CANCELLED, self._stamp())
        return self._run()

    def clear(self, seconds: float, progress: Callable[[Remaining], None]) -> Remaining:
        """Terminate live jobs until a pass finds nothing, or for ``seconds``; return what the last pass
        found.
        """
        deadline = self.clock() + seconds
        while True:
            remaining = self._pass()
            progress(remaining)
            if remaining.is_empty or self.clock() > deadline:
                return remaining
            self.sleep(SECONDS_BETWEEN_PASSES)

    def _pass(self) -> Remaining:
        self._take_over_claims(self._run())
        run = self._run()
        jobs = self._jobs(run)
        waiting = [record.name for record in _claims(run) if not self._settle(record, jobs)]
        live = {job_id: job["jobName"] for job_id, job in jobs.items() if job["status"] not in ENDED}
        live |= {job_id: name for job_id, name in self._unseen(run) if job_id not in jobs}
        new = sorted(live.keys() - self.terminated)
        # What is refused is tried again by the next pass.
        refused = terminate_jobs(self.batch, new, self.reason)
        # AWS Batch answers for a job that it does not find as for one that has ended: it is asked again.
        self.terminated.update(job_id for job_id in new if job_id in jobs and job_id not in refused)
        return Remaining(live, tuple(waiting))

    def _run(self) -> Run:
        run = self.ledger.load(self.run_id)
        if run is None:
            raise RunRemovedError(self.run_id)
        return run

    def _take_over_claims(self, run: Run) -> None:
        for record in _claims(run):
            stamp = self._stamp()
            ours_already = record.name in self._taken_over
            if ours_already or not self._is_abandoned(record):
                continue
            if self.ledger.renew_claim(self.run_id, record, stamp):
                self._taken_over[record.name] = stamp

    def _is_abandoned(self, record: StepRecord) -> bool:
        """Return whether the owner of a claim must be gone: a laptop's clock may be ahead of the owner's, so
        it counts how long this process has seen the claim, or that it is far too old.
        """
        seen = self._seen.setdefault((record.name, record.claimed_at), self.clock())
        is_old = self.now() - datetime.fromisoformat(record.claimed_at) >= LEASE + CLOCKS
        return is_old or self.clock() - seen >= LEASE.total_seconds()

    def _settle(self, record: StepRecord, jobs: Mapping[str, Job]) -> bool:
        """Record what became of a claim that this process has taken over; False for a claim of another
        process, which may still submit it.
        """
        if self._taken_over.get(record.name) != record.claimed_at:
            return False
        name = str(JobName(self.run_id, record.name, record.generation))
        found = sorted((job["createdAt"], job_id) for job_id, job in jobs.items() if job["jobName"] == name)
        if found:
            self.ledger.record_submitted(
                self.run_id, {record.name: found[0][1]}, {record.name: record.generation}
            )
        else:
            self.ledger.record_end(
                self.run_id,
                record.name,
                StepState.FAILED,
                generation=record.generation,
                reason=NEVER_SUBMITTED,
            )
        return True

    def _jobs(self, run: Run) -> dict[str, Job]:
        """Return every job of the run by its id: those that Batch lists under its name, and those that the
        ledger names.
        """
        jobs = {
            job["jobId"]: job
            for queue in sorted(self.queues[name] for name in _queues_of(run) if name in self.queues)
            for job in list_jobs_by_name(self.batch, queue, f"{self.run_id}_*")
        }
        recorded = [record.job_id for record in run.steps.values() if record.job_id]
        return jobs | jobs_by_id(self.batch, [job_id for job_id in recorded if job_id not in jobs])

    def _unseen(self, run: Run) -> Iterator[tuple[str, str]]:
        """Yield the ids and names of the jobs that may have been submitted a moment ago."""
        for record in run.steps.values():
            if record.job_id is None or record.state is not StepState.SUBMITTED or not record.claimed_at:
                continue
            if self.now() - datetime.fromisoformat(record.claimed_at) < UNSEEN:
                yield record.job_id, str(JobName(run.run_id, record.name, record.generation))

    def _stamp(self) -> str:
        return self.now().isoformat(timespec="milliseconds")


def _queues_of(run: Run) -> set[str]:
    """Return the keys of the queues that jobs of the run may be in."""
    steps = run.pipeline.steps
    return {step.queue for step in steps} | {step.steady for step in steps if step.reclaimed}


def _claims(run: Run) -> list[StepRecord]:
    return [record for record in run.steps.values() if record.state is StepState.CLAIMED]
