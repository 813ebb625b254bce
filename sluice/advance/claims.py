"""Settles claims whose owner is gone: finds the job that was submitted, or submits the step.

A claim without a job is of a Lambda that is still at work, that died, or whose SubmitJob had no answer. A job
that is found by the derived name may be registered at once, by anybody. That there is none proves nothing
while the owner may still submit it: so only a claim that is older than the lease, or that its owner has
handed back, is submitted again. See docs/decisions/0002-submission.md and 0026.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import islice

from botocore.exceptions import BotoCoreError, ClientError

from sluice.advance.found_jobs import Found, JobFinder
from sluice.advance.lease import LEASE, Lease
from sluice.advance.submitter import Submitter, with_known_parents
from sluice.errors import UnsettledError
from sluice.run.compiled import Kind
from sluice.run.dependencies import failed_parent_jobs, generations_before, sources
from sluice.run.evaluation import StepOutcome, evaluate_run
from sluice.run.job_names import JobName
from sluice.run.next_generation import resubmission
from sluice.run.start_job import left_to_start_job
from sluice.run.state import Run, StepRecord, StepState
from sluice.run.step_graph import StepGraph
from sluice.run.submission import Submission

LOOKED_UP_AFTER = timedelta(seconds=3)
"""A younger claim is most likely being submitted; a look-up would only cost a call."""
_MAX_LOOK_UPS = 3
"""Of claims that may have an owner, in one evaluation: of many, the first ones are looked up first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimSettler:
    """Settles claims, one at a time; ``is_start_job`` where a run's start job does."""

    submitter: Submitter
    finder: JobFinder
    now: Callable[[], datetime]
    is_start_job: bool

    def settle(self, run: Run) -> bool:
        """Settle the first claim of a run that can be settled; False when there is none. The run has changed
        then.
        """
        claims = list(self._claims(run))
        abandoned = (record for record in claims if self._is_abandoned(record))
        waiting = (record for record in claims if self._may_be_found(record))
        return any(self._take_over(run, record) for record in abandoned) or any(
            self._register(run, record) for record in islice(waiting, _MAX_LOOK_UPS)
        )

    def register(self, run: Run, step: str, generation: int, job_id: str) -> bool:
        """Register the job of a claim by its id; False when it cannot be that step's."""
        record = run.steps.get(step)
        if record is None or record.state is not StepState.CLAIMED or record.generation != generation:
            return False
        name = str(JobName(run.run_id, step, generation))
        return self.finder.is_job(job_id, name, _registered(run)) and self._record(run, record, job_id)

    def _claims(self, run: Run) -> Iterator[StepRecord]:
        """Yield the claims without a job; those of a start job's steps are its own to settle."""
        claims = {name: record for name, record in run.steps.items() if record.state is StepState.CLAIMED}
        is_left = bool(claims) and not self.is_start_job and _is_left_to_start_job(run)
        for step in run.pipeline.steps:
            if step.name in claims and (not is_left or step.kind is Kind.START):
                yield claims[step.name]

    def _is_abandoned(self, record: StepRecord) -> bool:
        return record.handed_back or self._age(record) >= LEASE

    def _may_be_found(self, record: StepRecord) -> bool:
        return not self._is_abandoned(record) and self._age(record) >= LOOKED_UP_AFTER

    def _age(self, record: StepRecord) -> timedelta:
        return self.now() - datetime.fromisoformat(record.claimed_at)

    def _register(self, run: Run, record: StepRecord) -> bool:
        """Register the job of a claim that may have an owner, if there is one.

        A look-up that fails holds nothing up: the claim is its owner's.
        """
        try:
            job_id = self._look_up(run, record).job_id
        except (ClientError, BotoCoreError, UnsettledError):
            return False
        return job_id is not None and self._record(run, record, job_id)

    def _take_over(self, run: Run, record: StepRecord) -> bool:
        """Settle an abandoned claim; False when it has to wait for what another step becomes."""
        graph = StepGraph(run.pipeline)
        submission = resubmission(graph, run.steps, record.name)
        if submission is None:
            return self._record_failed_parents(run, record, graph)
        if not with_known_parents([submission], run.steps):
            return False
        lease = Lease.begun(self.now)
        # Another invocation may be faster: then the run has changed as well.
        if self.submitter.ledger.renew_claim(run.run_id, record, lease.stamp):
            self._settle(run, replace(record, claimed_at=lease.stamp), submission, lease)
        return True

    def _settle(self, run: Run, record: StepRecord, submission: Submission, lease: Lease) -> None:
        found = self._look_up(run, record)
        if found.job_id is not None:
            self._record(run, record, found.job_id)
        else:
            self._submit(run, record, submission, lease, had_job=found.any)

    def _record(self, run: Run, record: StepRecord, job_id: str) -> bool:
        return self.submitter.ledger.record_submitted(
            run.run_id, {record.name: job_id}, {record.name: record.generation}
        )

    def _look_up(self, run: Run, record: StepRecord) -> Found:
        """Return the job of a claim: none, or one; there are more where an answer was lost and Batch did take
        the request twice.
        """
        step = run.pipeline.step(record.name)
        queue = self.submitter.queues.get(record.spec.queue or step.queue)
        if not queue:
            # A queue that a deploy has taken away had its jobs ended; that the step cannot be submitted any
            # more is recorded when it is tried.
            return Found(None, any=False)
        name = str(JobName(run.run_id, record.name, record.generation))
        return self.finder.find(name, queue, _registered(run), checks_registration=step.returns)

    def _submit(
        self, run: Run, record: StepRecord, submission: Submission, lease: Lease, *, had_job: bool
    ) -> None:
        """Submit what another invocation claimed, unless the run has failed meanwhile.

        Where it ``had_job`` that cannot be registered any more, what its owner submitted downstream fails
        with it, and must be seen not to have failed on its own. So the step becomes a later generation, which
        uses up none of its tries.
        """
        graph = StepGraph(run.pipeline)
        failed = _certain_failure(run)
        if failed and record.name not in graph.tail:
            self._record_never_submitted(run, record, failed)
            return
        if had_job:
            submission = _next_generation(submission, record, graph, run)
            if not self.submitter.ledger.claim_next_generation(run.run_id, record, submission, lease.stamp):
                return
        self.submitter.submit(run, [submission], lease)

    def _record_failed_parents(self, run: Run, record: StepRecord, graph: StepGraph) -> bool:
        """Record that a step was never submitted, when something that it needs failed for good; False while
        that may run again.
        """
        found = evaluate_run(graph, run.steps, run.reopened).steps
        step = graph.steps[record.name]
        # Behind the plan of the files that started the run, which is done, stands a start job.
        needs = dict.fromkeys([*step.needs, *sources(step, graph, run.steps)])
        failed = [name for name in needs if found[name].outcome is StepOutcome.FAILED_FINAL]
        return bool(failed) and self._record_never_submitted(run, record, failed[0])

    def _record_never_submitted(self, run: Run, record: StepRecord, failed: str) -> bool:
        return self.submitter.ledger.record_end(
            run.run_id,
            record.name,
            StepState.FAILED,
            generation=record.generation,
            reason=f"never submitted, because {failed} failed",
        )


def _is_left_to_start_job(run: Run) -> bool:
    """Return whether the claims of a run are its start job's to settle: until the run is to fail. Of a start
    job that failed for good they would stay open for ever.
    """
    return left_to_start_job(run.pipeline, run.steps) and not _certain_failure(run)


def _certain_failure(run: Run) -> str | None:
    """Return the step for which a run fails for certain. It may not be recorded before a claim is settled:
    when a step of the run's tail waits for the job of that.
    """
    return run.failed_step or evaluate_run(StepGraph(run.pipeline), run.steps, run.reopened).failed_step


def _registered(run: Run) -> Collection[str]:
    return {record.job_id for record in run.steps.values() if record.job_id}


def _next_generation(submission: Submission, record: StepRecord, graph: StepGraph, run: Run) -> Submission:
    step = graph.steps[record.name]
    died = failed_parent_jobs(sources(step, graph, run.steps), run.steps)
    before = generations_before(step, graph, run.steps)
    spec = replace(record.spec, parent_generations=before, failed_parent_jobs=died)
    return replace(submission, generation=record.generation + 1, spec=spec)
