"""Records the ends of jobs as what they left says that they ended."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from lambdas.consuming import count, logger, measure
from lambdas.track.failed_items import publish_failed_items
from lambdas.track.report import failure_report
from sluice.advance.batch_events import JobEnded, joined
from sluice.advance.proof import Verdict, children_with_words, is_of, verdict
from sluice.aws.clients import client
from sluice.ledger.ledger import Assignment, Ledger
from sluice.run.following import asks_for_nothing
from sluice.run.state import Run, StepRecord, StepState


@dataclass(frozen=True, slots=True)
class Recorded:
    """Whether the ledger has this job for its step, and whether its run is to be advanced now."""

    known: bool
    asks_for_advance: bool


_ADVANCE, _UNKNOWN = Recorded(True, True), Recorded(False, False)


@dataclass(frozen=True, slots=True, kw_only=True)
class EndRecorder:
    """Records ends; ``bucket`` is where jobs leave their words and reports, ``results_bucket`` where the
    failed items of a run are published.
    """

    ledger: Ledger
    bucket: str
    results_bucket: str

    def record(self, event: JobEnded) -> Recorded:
        """Record an end of which an event has come."""
        if event.state is StepState.SUCCEEDED:
            recorded = self._record_success(event)
            if recorded is not None:
                return recorded
        found = self.ledger.assignment(event.name.run_id, event.name.step)
        return self._record_verdict(event, self._judged(event, found), found)

    def record_of(self, event: JobEnded, run: Run) -> Recorded:
        """Record an end that AWS Batch was asked for, of a job of this run."""
        record = run.steps.get(event.name.step)
        found = Assignment(record, run.trigger, run.pipeline, run.state, run.created_at, run.reopened)
        return self._record_verdict(event, self._judged(event, found), found)

    def _record_success(self, event: JobEnded) -> Recorded | None:
        """Record a success that is proven, with one write and at most one listing; None for what must be
        judged by the whole of what the ledger has.

        Arrays have words, and so has a single job that says so: these are counted first. Of another one the
        ledger's refusal says whether it needs one.
        """
        has_words = event.is_array or event.has_word
        step = self._try(event, self._words(event) if has_words else 0)
        if isinstance(step, StepRecord) and is_of(event, step):
            if step.state in (StepState.SUCCEEDED, StepState.FAILED):
                return Recorded(True, not asks_for_nothing(step))
            if step.words and not has_words:
                step = self._try(event, self._words(event))
        return step if isinstance(step, Recorded) else None

    def _try(self, event: JobEnded, words: int) -> Recorded | StepRecord | None:
        """Return what was recorded, or the step of which nothing was."""
        name = event.name
        attempt = self.ledger.record_success(
            name.run_id, name.step, generation=name.generation, job_id=event.job_id, words=words
        )
        if not attempt.done or attempt.before is None:
            return attempt.before
        _log(event, StepState.SUCCEEDED, None, known=True)
        return Recorded(True, not asks_for_nothing(attempt.before))

    def _words(self, event: JobEnded) -> int:
        return len(children_with_words(event.name, self.bucket, client("s3")))

    def _judged(self, event: JobEnded, found: Assignment | None) -> Verdict | None:
        return verdict(event, found, self.bucket, client("s3"), partial(client, "batch"))

    def _record_verdict(
        self, event: JobEnded, found: Verdict | None, assignment: Assignment | None
    ) -> Recorded:
        if found is None:
            return _ADVANCE
        run_id, step, generation = event.name.run_id, event.name.step, event.name.generation
        reason = None
        if found.state is StepState.FAILED:
            reason = joined(found.reason, failure_report(self.bucket, run_id, step, generation))
        known = self.ledger.record_end(
            run_id,
            step,
            found.state,
            generation=generation,
            job_id=event.job_id,
            reason=reason,
            succeeded=found.succeeded,
            failed_children=found.failed_children,
            failed_items=found.failed_items,
            memory_children=found.memory_children,
        )
        _log(event, found.state, reason, known=known)
        # Behind the record: however long it takes, the end is known. With any failed step the run may fail,
        # also behind an array whose failed items are tolerated.
        if known and found.state is StepState.FAILED and assignment is not None:
            publish_failed_items(event.name.run_id, assignment, self.bucket, self.results_bucket)
        return _ADVANCE if known else _UNKNOWN


def _log(event: JobEnded, state: StepState, reason: str | None, *, known: bool) -> None:
    if known:
        count("JobsFailed" if state is StepState.FAILED else "JobsSucceeded")
        if event.queued_seconds is not None:
            measure("QueueWaitSeconds", event.queued_seconds)
    logger.info(
        "A job ended." if known else "A job ended that the ledger does not name.",
        run=event.name.run_id,
        step=event.name.step,
        state=state,
        reason=reason,
    )
