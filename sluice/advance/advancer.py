"""``advance``: looks at a run in the ledger and submits whatever can be submitted and is not.
Level-triggered, safe to repeat.

SubmitJob has no idempotency token, so: a conditional write claims a step; the job's name is derived from run,
step and generation; only a definite refusal is repeated; an unknown outcome stays a claim without a job,
which is settled by a look-up of the name once the claim is old enough that its owner must be gone. See
docs/decisions/0002-submission.md.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import Enum, auto

from sluice.advance.failed_children import failed_children
from sluice.advance.job_submission import BatchClient, submit_job
from sluice.advance.spot_interruptions import interrupted_children
from sluice.alerts.run_events import RunChanged, change
from sluice.aws.batch_jobs import Job, list_jobs_by_name
from sluice.aws.retrying import Backoff
from sluice.errors import LimitError, RefusedError, UnsettledError
from sluice.ledger.ledger import MAX_CLAIMS, Ledger
from sluice.messages import RunFailed
from sluice.run.compiled import CompiledStep, Kind
from sluice.run.decision import Decision, Submission, decide, submit_request
from sluice.run.job_names import JobName
from sluice.run.outcomes import Graph, StepOutcome, generations_before
from sluice.run.ready_steps import last_cleanup, resubmission
from sluice.run.start_job import left_to_start_job
from sluice.run.state import Run, RunState, StepRecord, StepState
from sluice.run.tolerated_failures import outlook

LEASE = timedelta(seconds=120)
"""How long a claim is left to its owner: twice a Lambda's time-out."""
_RECORD_EVERY = 25
_ATTEMPTS = 5
_BASE_SECONDS = 0.2


class _Progress(Enum):
    """What one pass over a run achieved."""

    NONE = auto()
    SOME = auto()
    ALL = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Advancer:
    """Advances runs. ``batch`` returns a Batch client that repeats nothing by itself; ``notify_failed`` hands
    a failure to the alerts.
    """

    ledger: Ledger
    batch: Callable[[], BatchClient]
    queues: Mapping[str, str]
    notify_failed: Callable[[RunFailed], None]
    ended: Callable[[RunState, float], None] = lambda state, seconds: None
    """Hears of the end of each run and how many seconds it took, once, for the metrics."""
    changed: Callable[[RunChanged], None] = lambda change: None
    """Hears of each new state of a run, at least once, for other automation."""
    starting: bool = False
    """Whether this is the run's start job, to which everybody else leaves the steps behind it until it has
    succeeded.
    """
    pace: Callable[[], None] = lambda: None
    """Is called before each SubmitJob, and returns when it may be sent."""
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    sleep: Callable[[float], None] = time.sleep

    def start(self, run: Run) -> bool:
        """Begin a run, perhaps with steps that are done already; False when it had begun before, and then it
        is advanced instead.
        """
        submissions = decide(run.pipeline, run.steps).submissions
        claims = submissions[: MAX_CLAIMS - len(run.steps)]
        begun = self.ledger.start(run, claims)
        taken = False
        if begun:
            self.changed(change(run, RunState.RUNNING, run.created_at))
            taken = self._submit(run, claims)
        elif (known := self.ledger.load(run.run_id)) is not None:
            # Whoever began it may have died before it told: the run is told of as it is now.
            self.changed(change(known, known.state, known.ended_at or known.created_at, known.failed_step))
        if not taken or len(submissions) > len(claims):
            self.advance(run.run_id)
        return begun

    def advance(self, run_id: str) -> bool:
        """Submit what can be submitted and is not, and record the run's end. False for a run that the ledger
        does not know.

        Raises UnsettledError when something that is to be submitted must wait for a claim that may still
        become a job: look again later.
        """
        backoff = Backoff(attempts=_ATTEMPTS, base=_BASE_SECONDS, sleep=self.sleep)
        while True:
            run = self._settled(run_id)
            if run is None or run.state is not RunState.RUNNING:
                return run is not None
            progress = self._advance_once(run)
            if progress is _Progress.ALL:
                return True
            if progress is _Progress.SOME:
                backoff.reset()
            elif not backoff.try_again():
                raise UnsettledError(f"Steps of {run_id} are being submitted by another invocation.")

    def _advance_once(self, run: Run) -> _Progress:
        """Submit what this state of the run lets submit, and record its end when nothing is left to do."""
        decision = decide(run.pipeline, run.steps, run.reopened, starting=self.starting)
        ready = _ready(decision.submissions, run.steps)[:MAX_CLAIMS]
        known = self.starting or self._learn(run, decision.asks)
        # A claim is refused when another invocation has claimed one of the steps, perhaps before what we know
        # was recorded: load the run again.
        if not known or (ready and not self._claim_and_submit(run, ready)):
            return _Progress.NONE
        if len(ready) == len(decision.submissions) and _placed(run, decision):
            self._finish(run, decision)
            return _Progress.ALL
        return _Progress.SOME if ready else _Progress.NONE

    def _claim_and_submit(self, run: Run, ready: Sequence[Submission]) -> bool:
        return self.ledger.claim(run.run_id, ready, self._stamp()) and self._submit(run, ready)

    def clean_up(self, run_id: str) -> bool:
        """Submit the cleanup of a failed run whose days are over; False when something of it is still live,
        or it was reopened.

        Once: whatever becomes of it, the bucket's lifecycle removes the rest.
        """
        run = self.ledger.load(run_id)
        submission = last_cleanup(run) if run else None
        if (
            run is None
            or submission is None
            or not self.ledger.claim_cleanup(run_id, submission, self._stamp())
        ):
            return False
        return self._submit(run, [submission])

    def _learn(self, run: Run, asks: Sequence[str]) -> bool:
        """Find out which children of these steps failed; False when there was something to find out: the run
        must be looked at again.
        """
        for name in asks:
            record, least = run.steps[name], run.pipeline.step(name).reclaimed
            failed = failed_children(self.batch(), record, self.sleep)
            self.ledger.record_failed_children(
                run.run_id,
                record,
                failed,
                interrupted_children(self.batch(), record, failed, least) if least else None,
            )
        return not asks

    def _finish(self, run: Run, decision: Decision) -> None:
        """Tell a failure as soon as it is certain, and record the run's end."""
        step, now = run.failed_step or decision.failed_step, self._stamp()
        if step and not run.failed_step:
            # Told before it is recorded: a Lambda that dies between the two tells again, and the alert is
            # deduplicated.
            self.notify_failed(RunFailed(run=run.run_id, step=step, generation=run.steps[step].generation))
        if decision.outcome is RunState.RUNNING:
            if step and not run.failed_step:
                self.ledger.record_failed_step(run.run_id, step)
            return
        self.changed(change(run, decision.outcome, now, step))
        kept = self.now() + timedelta(days=run.pipeline.keep_failed)
        due = kept.date().isoformat() if decision.outcome is RunState.FAILED else None
        if self.ledger.finish(run.run_id, decision.outcome, now, step, reopened=run.reopened, cleanup_on=due):
            self.ended(
                decision.outcome, (self.now() - datetime.fromisoformat(run.created_at)).total_seconds()
            )

    def _settled(self, run_id: str) -> Run | None:
        run = self.ledger.load(run_id)
        while run is not None and run.state is RunState.RUNNING and self._settle(run):
            run = self.ledger.load(run_id)
        return run

    def _settle(self, run: Run) -> bool:
        """Settle the first claim whose owner is gone: find its job, or submit it. False when there is
        none.
        """
        found = next(self._abandoned_claims(run), None)
        if found is None:
            return False
        step, record = found
        stamp = self._stamp()
        if not self.ledger.renew_claim(run.run_id, record, stamp):
            return True
        jobs = self._look_up(run, record)
        registrable = [job for job in jobs if not (step.returns and _gave_up(job))]
        if registrable:
            job_id = str(min(registrable, key=lambda job: int(job["createdAt"]))["jobId"])
            self.ledger.record_submitted(run.run_id, {record.name: job_id}, {record.name: record.generation})
        else:
            self._submit_late(run, replace(record, claimed_at=stamp), anew=bool(jobs))
        return True

    def _abandoned_claims(self, run: Run) -> Iterator[tuple[CompiledStep, StepRecord]]:
        left = not self.starting and left_to_start_job(run.pipeline, run.steps)
        for step in (one for one in run.pipeline.steps if not left or one.kind is Kind.START):
            record = run.steps.get(step.name)
            if record is not None and record.state is StepState.CLAIMED and self._abandoned(record):
                yield step, record

    def _submit_late(self, run: Run, record: StepRecord, *, anew: bool) -> None:
        """Submit what somebody else claimed; unless what it waits for has failed, and for good when that has.

        ``anew`` when there was a job that gave up: what its owner submitted behind it fails with it, and must
        be seen not to have failed by itself. So the step becomes a later generation, which uses up none of
        its tries.
        """
        graph = Graph(run.pipeline)
        submission = resubmission(graph, run.steps, record.name)
        if submission is not None:
            ready = _ready([submission], run.steps)
            if ready and anew:
                terms = replace(
                    record.spec,
                    parent_generations=generations_before(graph.steps[record.name], graph, run.steps),
                )
                ready = [replace(submission, generation=record.generation + 1, spec=terms)]
                if not self.ledger.claim_next_generation(run.run_id, record, ready[0], self._stamp()):
                    return
            self._submit(run, ready)
            return
        found = outlook(graph, run.steps, run.reopened).fates
        if lost := [
            name for name in graph.steps[record.name].needs if found[name] is StepOutcome.FAILED_FINAL
        ]:
            reason = f"never submitted, because {lost[0]} failed"
            self.ledger.record_end(
                run.run_id, record.name, StepState.FAILED, generation=record.generation, reason=reason
            )

    def _abandoned(self, record: StepRecord) -> bool:
        return self.now() - datetime.fromisoformat(record.claimed_at) >= LEASE

    def _look_up(self, run: Run, record: StepRecord) -> list[Job]:
        """Return the jobs of a claim: none, or one; more where an answer was lost and Batch did take the
        request twice.
        """
        name, step = str(JobName(run.run_id, record.name, record.generation)), run.pipeline.step(record.name)
        queue = self.queues.get(record.spec.queue or step.queue)
        if not queue:
            # A queue that a deploy has taken away had its jobs ended; that the step cannot be submitted any
            # more is reported when it is tried.
            return []
        listed = list_jobs_by_name(self.batch(), queue, name)
        return [job for job in listed if job["jobName"] == name]

    def _submit(self, run: Run, submissions: Sequence[Submission]) -> bool:
        """Submit claimed steps in order and record their jobs.

        What could not be submitted is recorded as failed with the reason, and ends it: False, and the run
        must be looked at again.
        """
        job_ids = {record.name: record.job_id for record in run.steps.values() if record.job_id}
        generations = {one.step.name: one.generation for one in submissions}
        fresh: dict[str, str] = {}
        try:
            for submission in (one for one in submissions if one.children):
                request = submit_request(run.run_id, submission, self.queues, job_ids, run.trigger)
                fresh[submission.step.name] = job_ids[submission.step.name] = submit_job(
                    self.batch(), request, pace=self.pace, sleep=self.sleep
                )
                if len(fresh) == _RECORD_EVERY:
                    self.ledger.record_submitted(run.run_id, fresh, generations)
                    fresh = {}
        except (RefusedError, LimitError) as error:
            name, generation = submission.step.name, submission.generation
            self.ledger.record_end(
                run.run_id, name, StepState.FAILED, generation=generation, reason=str(error)
            )
            return submission.step.kind is Kind.CLEANUP
        finally:
            if fresh:
                self.ledger.record_submitted(run.run_id, fresh, generations)
        return True

    def _stamp(self) -> str:
        return self.now().isoformat(timespec="milliseconds")


def _ready(submissions: Sequence[Submission], records: Mapping[str, StepRecord]) -> list[Submission]:
    """Return the submissions that wait for known jobs only, or for one another: a claim of somebody else has
    no job yet.
    """
    known = {record.name for record in records.values() if record.job_id and not record.failed}
    ready: list[Submission] = []
    for submission in submissions:
        if all(wait.step in known for wait in submission.waits):
            ready.append(submission)
            known.add(submission.step.name)
    return ready


def _gave_up(job: Job) -> bool:
    """Return whether a listed job has failed, or a child of it, who cannot become part of the run any more.

    A job of Sluice's own code that failed without a name has done nothing: it asks for its name before it
    begins, and gives up in time. Source:
    https://docs.aws.amazon.com/batch/latest/APIReference/API_ArrayPropertiesSummary.html
    """
    children: Mapping[str, int] = job.get("arrayProperties", {}).get("statusSummary") or {}
    return job.get("status") == "FAILED" or children.get("FAILED", 0) > 0


def _placed(run: Run, decision: Decision) -> bool:
    """Return False for a run that could succeed and has a claim without a job: behind its end nobody would
    look after its cleanup.
    """
    return decision.outcome is not RunState.SUCCEEDED or all(
        record.state is not StepState.CLAIMED for record in run.steps.values()
    )
