"""Submits claimed steps, one SubmitJob a step, and records their jobs.

SubmitJob has no idempotency token (https://github.com/aws/containers-roadmap/issues/2798): an answer that is
lost may be of a job that exists. So the owner of the claim looks the job up by its name, after one, two and
four seconds. What it does not find then stays claimed, and others look it up; what AWS Batch certainly did
not take is handed back at once. See docs/decisions/0002-submission.md and 0026.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from botocore.exceptions import BotoCoreError, ClientError

from sluice.advance.found_jobs import JobFinder
from sluice.advance.job_submission import BatchClient, submit_job
from sluice.advance.lease import Lease
from sluice.errors import LimitError, NoAnswerError, NotPermittedError, RefusedError, UnsettledError
from sluice.ledger.ledger import Ledger
from sluice.run.compiled import Kind
from sluice.run.following import followed, own_follow_up
from sluice.run.job_names import JobName
from sluice.run.state import FollowUp, Run, StepRecord, StepState
from sluice.run.submission import Submission
from sluice.run.submit_request import submit_request

_RECORD_EVERY = 25
LOOK_UP_SECONDS = (1.0, 2.0, 4.0)
DENIED_FOR = timedelta(minutes=10)
"""How long a permission may be on its way: a deploy is a minute old, and IAM is consistent in the end.

https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html#troubleshoot_general_eventual-consistency
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Submitter:
    """Submits the steps of a run that its owner has claimed."""

    ledger: Ledger
    batch: Callable[[], BatchClient]
    queues: Mapping[str, str]
    rate_limit: Callable[[], None]
    """Is called before each SubmitJob, and returns when it may be sent."""
    sleep: Callable[[float], None]

    def submit(self, run: Run, submissions: Sequence[Submission], lease: Lease) -> bool:
        """Submit steps that were claimed with this lease, in order, and record their jobs.

        What could not be submitted is recorded as failed with the reason, and ends it: False, and the run
        must be evaluated again. Raises UnsettledError when it is not known whether there is a job, or the
        lease is over. What was not submitted then is handed back.
        """
        work = _Submitting(self, run, submissions, lease)
        try:
            for submission in submissions:
                if submission.children:
                    work.submit(submission)
        except (RefusedError, LimitError) as error:
            self._record_refusal(run, submission, str(error))
            work.unknown.add(submission.step.name)
            return submission.step.kind is Kind.CLEANUP
        finally:
            work.close()
        return True

    def _record_refusal(self, run: Run, submission: Submission, reason: str) -> None:
        name, generation = submission.step.name, submission.generation
        self.ledger.record_end(run.run_id, name, StepState.FAILED, generation=generation, reason=reason)


@dataclass(slots=True)
class _Submitting:
    """One pass over the steps that were claimed together.

    ``job_ids`` are the jobs of the run, ``fresh`` those that are not recorded yet. ``unknown`` are steps that
    are not to be handed back, and ``denied`` says since when IAM refuses which.
    """

    by: Submitter
    run: Run
    submissions: Sequence[Submission]
    lease: Lease
    job_ids: dict[str, str] = field(init=False)
    fresh: dict[str, str] = field(default_factory=dict)
    unknown: set[str] = field(default_factory=set)
    submitted: set[str] = field(default_factory=set)
    superseded: set[str] = field(default_factory=set)
    denied: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        records = self.run.steps.values()
        self.job_ids = {record.name: record.job_id for record in records if record.job_id}

    def submit(self, submission: Submission) -> None:
        """Submit a step, or find out which job it has."""
        name = submission.step.name
        if self.lease.is_over:
            raise UnsettledError(f"The lease of the claim of {name} of {self.run.run_id} is over.")
        if not self.superseded.isdisjoint(wait.step for wait in submission.waits):
            raise UnsettledError(f"What {name} of {self.run.run_id} waits for has another job by now.")
        by = self.by
        request = submit_request(
            self.run.run_id,
            submission,
            by.queues,
            self.job_ids,
            self.run.trigger,
            self.run.pipeline.tags,
            [one.name for one in self.run.pipeline.steps],
        )
        try:
            job_id = submit_job(by.batch(), request, rate_limit=by.rate_limit, sleep=by.sleep)
        except NotPermittedError as error:
            self._deny(submission, error)
            raise
        except NoAnswerError as error:
            self.unknown.add(name)
            self.record()
            job_id = self._look_up(submission, error)
            self.unknown.discard(name)
        self.fresh[name] = self.job_ids[name] = job_id
        self.submitted.add(name)
        if len(self.fresh) == _RECORD_EVERY:
            self.record()

    def record(self) -> None:
        """Register the new jobs, and say what their ends will ask for.

        Where another job is registered, what was submitted to wait for ours is not registered either.
        """
        new, self.fresh = self.fresh, {}
        if not new or self._recorded(new):
            return
        waits = {one.step.name: {wait.step for wait in one.waits} for one in self.submissions}
        for name, job_id in new.items():
            if waits[name] & self.superseded or not self._recorded({name: job_id}):
                self.superseded.add(name)

    def close(self) -> None:
        """Register what is not yet, and hand back what is certain not to have been submitted."""
        self.record()
        left = [
            one
            for one in self.submissions
            if one.children and one.step.name not in self.submitted | self.unknown
        ]
        # Without this the lease has to be waited for; that it fails hides nothing.
        with suppress(ClientError, BotoCoreError):
            for submission in left:
                denied_at = self.denied.get(submission.step.name)
                self.by.ledger.hand_back(self.run.run_id, submission, self.lease.stamp, denied_at)

    def _deny(self, submission: Submission, error: NotPermittedError) -> None:
        """Note since when IAM refuses a step; raises RefusedError where that is too long for a permission
        that is on its way.
        """
        name, now = submission.step.name, self.lease.now()
        known = self.run.steps.get(name)
        since = known.denied_at if known and known.generation == submission.generation else None
        if since and now - datetime.fromisoformat(since) >= DENIED_FOR:
            raise RefusedError(str(error)) from error
        self.denied[name] = since or now.isoformat(timespec="milliseconds")

    def _recorded(self, new: Mapping[str, str]) -> bool:
        recorded = {
            one.step.name: one for one in self.submissions if one.step.name in new or not one.children
        }
        quiet = dict.fromkeys(followed(self.run.pipeline, recorded), FollowUp.NONE)
        own = {name: own_follow_up(recorded[name].step, self.run.pipeline) for name in new}
        generations = {name: one.generation for name, one in recorded.items()}
        return self.by.ledger.record_submitted(self.run.run_id, new, generations, own | quiet)

    def _look_up(self, submission: Submission, error: NoAnswerError) -> str:
        """Return the job of a submission without an answer; raises the error when there is none for seconds.

        AWS Batch answered with an error of its own: then there most likely is none, and others may look.
        """
        name = JobName(self.run.run_id, submission.step.name, submission.generation)
        finder, queue = JobFinder(batch=self.by.batch), self.by.queues[submission.queue]
        known, is_looked_up = set(self.job_ids.values()), False
        with suppress(ClientError, BotoCoreError):
            for seconds in LOOK_UP_SECONDS:
                self.by.sleep(seconds)
                try:
                    found = finder.find(str(name), queue, known, checks_registration=submission.step.returns)
                except UnsettledError:  # It is listed, and not described yet.
                    is_looked_up = False
                    continue
                if found.job_id is not None:
                    return found.job_id
                is_looked_up = True
        # A command would run twice, should there be a job after all.
        is_certain = is_looked_up and error.is_answered and submission.step.returns
        if error.is_refusal or is_certain:
            self.unknown.discard(submission.step.name)
        raise error


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
