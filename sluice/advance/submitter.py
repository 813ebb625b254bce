"""Submits claimed steps, one SubmitJob a step, and records their jobs.

SubmitJob has no idempotency token (https://github.com/aws/containers-roadmap/issues/2798): an answer that is
lost may be of a job that exists, so the claim stays without a job, and is settled by a look-up of the job's
name. See docs/decisions/0002-submission.md.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from sluice.advance.job_submission import JobSubmitter, submit_job
from sluice.errors import LimitError, RefusedError
from sluice.ledger.ledger import Ledger
from sluice.run.compiled import Kind
from sluice.run.state import Run, StepRecord, StepState
from sluice.run.submission import Submission
from sluice.run.submit_request import submit_request

_RECORD_EVERY = 25


@dataclass(frozen=True, slots=True, kw_only=True)
class Submitter:
    """Submits the steps of a run that its owner has claimed."""

    ledger: Ledger
    batch: Callable[[], JobSubmitter]
    queues: Mapping[str, str]
    rate_limit: Callable[[], None]
    """Is called before each SubmitJob, and returns when it may be sent."""
    sleep: Callable[[float], None]

    def submit(self, run: Run, submissions: Sequence[Submission]) -> bool:
        """Submit claimed steps in order and record their jobs.

        What could not be submitted is recorded as failed with the reason, and ends it: False, and the run
        must be evaluated again.
        """
        job_ids = {record.name: record.job_id for record in run.steps.values() if record.job_id}
        generations = {one.step.name: one.generation for one in submissions}
        fresh: dict[str, str] = {}
        try:
            for submission in (one for one in submissions if one.children):
                request = submit_request(run.run_id, submission, self.queues, job_ids, run.trigger)
                fresh[submission.step.name] = job_ids[submission.step.name] = submit_job(
                    self.batch(), request, rate_limit=self.rate_limit, sleep=self.sleep
                )
                if len(fresh) == _RECORD_EVERY:
                    self.ledger.record_submitted(run.run_id, fresh, generations)
                    fresh = {}
        except (RefusedError, LimitError) as error:
            self._record_refusal(run, submission, str(error))
            return submission.step.kind is Kind.CLEANUP
        finally:
            if fresh:
                self.ledger.record_submitted(run.run_id, fresh, generations)
        return True

    def _record_refusal(self, run: Run, submission: Submission, reason: str) -> None:
        name, generation = submission.step.name, submission.generation
        self.ledger.record_end(run.run_id, name, StepState.FAILED, generation=generation, reason=reason)


def with_known_parents(
    submissions: Sequence[Submission], records: Mapping[str, StepRecord]
) -> list[Submission]:
    """Return the submissions that wait for known jobs only, or for one another: a claim of another
    invocation has no job yet.
    """
    known = {record.name for record in records.values() if record.job_id and not record.failed}
    ready: list[Submission] = []
    for submission in submissions:
        if all(wait.step in known for wait in submission.waits):
            ready.append(submission)
            known.add(submission.step.name)
    return ready
