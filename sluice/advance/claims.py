"""Settles claims whose owner is gone: finds the job that was submitted, or submits the step.

A claim without a job is of a Lambda that is still at work, that died, or whose SubmitJob had no answer. Once
the claim is older than the lease, its owner must be gone, and AWS Batch is asked for a job of the derived
name. See docs/decisions/0002-submission.md.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sluice.advance.submitter import Submitter, with_known_parents
from sluice.aws.batch_jobs import BatchReader, Job, list_jobs_by_name
from sluice.run.compiled import Kind
from sluice.run.dependencies import generations_before
from sluice.run.evaluation import StepOutcome, evaluate_run
from sluice.run.job_names import JobName
from sluice.run.next_generation import resubmission
from sluice.run.start_job import left_to_start_job
from sluice.run.state import Run, StepRecord, StepState
from sluice.run.step_graph import StepGraph
from sluice.run.submission import Submission

LEASE = timedelta(seconds=120)
"""How long a claim is left to its owner: twice a Lambda's time-out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimSettler:
    """Settles abandoned claims, one at a time; ``is_start_job`` where a run's start job does."""

    submitter: Submitter
    batch: Callable[[], BatchReader]
    now: Callable[[], datetime]
    is_start_job: bool

    def settle(self, run: Run) -> bool:
        """Settle the first abandoned claim of a run; False when there is none. The run has changed then."""
        record = next(filter(self._is_abandoned, self._claims(run)), None)
        if record is None:
            return False
        stamp = self.now().isoformat(timespec="milliseconds")
        # Another invocation may be faster: then the run has changed as well.
        if self.submitter.ledger.renew_claim(run.run_id, record, stamp):
            self._settle(run, replace(record, claimed_at=stamp))
        return True

    def _claims(self, run: Run) -> Iterator[StepRecord]:
        """Yield the claims without a job; those of a start job's steps are its own to settle."""
        is_left = not self.is_start_job and left_to_start_job(run.pipeline, run.steps)
        for step in run.pipeline.steps:
            record = run.steps.get(step.name)
            if record and record.state is StepState.CLAIMED and (not is_left or step.kind is Kind.START):
                yield record

    def _is_abandoned(self, record: StepRecord) -> bool:
        return self.now() - datetime.fromisoformat(record.claimed_at) >= LEASE

    def _settle(self, run: Run, record: StepRecord) -> None:
        jobs = self._look_up(run, record)
        checks_registration = run.pipeline.step(record.name).returns
        usable = [job for job in jobs if not (checks_registration and _timed_out(job))]
        if usable:
            job_id = str(min(usable, key=lambda job: int(job["createdAt"]))["jobId"])
            generations = {record.name: record.generation}
            self.submitter.ledger.record_submitted(run.run_id, {record.name: job_id}, generations)
        else:
            self._submit(run, record, had_job=bool(jobs))

    def _look_up(self, run: Run, record: StepRecord) -> list[Job]:
        """Return the jobs of a claim: none, or one; more where an answer was lost and Batch did take the
        request twice.
        """
        name, step = str(JobName(run.run_id, record.name, record.generation)), run.pipeline.step(record.name)
        queue = self.submitter.queues.get(record.spec.queue or step.queue)
        if not queue:
            # A queue that a deploy has taken away had its jobs ended; that the step cannot be submitted any
            # more is recorded when it is tried.
            return []
        listed = list_jobs_by_name(self.batch(), queue, name)
        return [job for job in listed if job["jobName"] == name]

    def _submit(self, run: Run, record: StepRecord, *, had_job: bool) -> None:
        """Submit what another invocation claimed, unless what it waits for has failed; fail it when that has
        failed for good.

        Where it ``had_job`` that timed out waiting for its registration, what its owner submitted downstream
        fails with it, and must be seen not to have failed on its own. So the step becomes a later generation,
        which uses up none of its tries.
        """
        graph = StepGraph(run.pipeline)
        submission = resubmission(graph, run.steps, record.name)
        if submission is None:
            self._record_failed_parents(run, record, graph)
            return
        if not with_known_parents([submission], run.steps):
            return
        if had_job:
            submission = _next_generation(submission, record, graph, run)
            if not self.submitter.ledger.claim_next_generation(
                run.run_id, record, submission, self.now().isoformat(timespec="milliseconds")
            ):
                return
        self.submitter.submit(run, [submission])

    def _record_failed_parents(self, run: Run, record: StepRecord, graph: StepGraph) -> None:
        """Record that a step was never submitted, when something that it needs failed for good."""
        found = evaluate_run(graph, run.steps, run.reopened).steps
        needs = graph.steps[record.name].needs
        failed = [name for name in needs if found[name].outcome is StepOutcome.FAILED_FINAL]
        if failed:
            self.submitter.ledger.record_end(
                run.run_id,
                record.name,
                StepState.FAILED,
                generation=record.generation,
                reason=f"never submitted, because {failed[0]} failed",
            )


def _next_generation(submission: Submission, record: StepRecord, graph: StepGraph, run: Run) -> Submission:
    before = generations_before(graph.steps[record.name], graph, run.steps)
    spec = replace(record.spec, parent_generations=before)
    return replace(submission, generation=record.generation + 1, spec=spec)


def _timed_out(job: Job) -> bool:
    """Return whether a listed job has failed, or a child of it, so that it cannot become part of the run any
    more.

    A job of Sluice's own code that failed without being registered has done nothing: it waits for its
    registration before it begins, and times out. Source:
    https://docs.aws.amazon.com/batch/latest/APIReference/API_ArrayPropertiesSummary.html
    """
    children: Mapping[str, int] = job.get("arrayProperties", {}).get("statusSummary") or {}
    return job.get("status") == "FAILED" or children.get("FAILED", 0) > 0
