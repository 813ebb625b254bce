"""Starts what comes after runs whose events were lost: the end of a run's cleanup starts it, and AWS Batch
may never send that event. What is sent twice starts nothing twice: such a run is named by what it follows.

Behind a cleanup that failed nothing is started: there is an alert of it, and a retry runs it again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import takewhile

from lambdas.consuming import logger
from sluice.alerts.results_complete import ResultsComplete
from sluice.aws.batch_jobs import ENDED, BatchReader, describe_jobs
from sluice.ledger.chains import ChainLedger
from sluice.ledger.ledger import Ledger
from sluice.run.compiled import CompiledStep, Kind
from sluice.run.job_names import JobName
from sluice.run.state import Run, RunState, StepRecord, StepState

LOST_AFTER = timedelta(minutes=10)
"""Most cleanups have ended this long after their runs, and their events have come."""
_SECONDS = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowedRuns:
    """Finds the runs that others follow and whose cleanup is over, and has each reported once."""

    ledger: Ledger
    chains: ChainLedger
    batch: Callable[[], BatchReader]
    queues: Mapping[str, str]
    send: Callable[[ResultsComplete], None]
    reconcile: Callable[[str], object]
    """Records the ends of jobs of a run, and has it advanced: a failed cleanup is reported then."""
    monotonic: Callable[[], float] = field(default=time.monotonic)

    def sweep(self, now: datetime) -> None:
        """Report the runs that are due; it takes some seconds at most, and the next sweep continues."""
        until = self.monotonic() + _SECONDS
        for run_id in takewhile(lambda _: self.monotonic() < until, self.chains.followed()):
            run = self.ledger.load(run_id)
            if run is None or not _is_due(run, now):
                continue
            step = next(one for one in run.pipeline.steps if one.kind is Kind.CLEANUP)
            record = run.steps.get(step.name)
            end = self._end_of(run_id, record) if record is not None else None
            if record is None or end is None:
                continue
            if end is StepState.SUCCEEDED:
                self.send(self._message(run, step, record))
                logger.info("What comes after this run is started, if it was not.", run=run_id)
            else:
                self.reconcile(run_id)
                logger.info("The cleanup of this run failed, nothing comes after it.", run=run_id)
            # Behind the message: a Lambda that dies between the two reports it again.
            self.chains.forget_followed(run_id)

    def _end_of(self, run_id: str, record: StepRecord) -> StepState | None:
        """Return how a cleanup has ended, None while it has not; one that AWS Batch has forgotten, and of
        which no failure was heard, counts as one that succeeded.

        Whether one that failed had done its work is judged where its end is recorded.
        """
        if record.state is StepState.SUBMITTED and record.job_id:
            jobs = list(describe_jobs(self.batch(), [record.job_id]))
            if not all(job["status"] in ENDED for job in jobs):
                return None
            if not any(job["status"] == StepState.FAILED for job in jobs):
                return StepState.SUCCEEDED
            self.reconcile(run_id)
            known = self.ledger.load(run_id)
            record = known.steps[record.name] if known else record
        return record.state if record.state in (StepState.SUCCEEDED, StepState.FAILED) else None

    def _message(self, run: Run, step: CompiledStep, record: StepRecord) -> ResultsComplete:
        name = JobName(run.run_id, step.name, record.generation)
        return ResultsComplete(cleanup=str(name), queue=self.queues[step.queue])


def _is_due(run: Run, now: datetime) -> bool:
    """Return whether a run succeeded some time ago, and was not resumed since."""
    if run.state is not RunState.SUCCEEDED or run.ended_at is None:
        return False
    return now - datetime.fromisoformat(run.ended_at) >= LOST_AFTER
