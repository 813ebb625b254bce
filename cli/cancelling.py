"""Ends a run before its time, wholly: nothing new is submitted, and nothing that was submitted is left.

1. The run becomes CANCELLED in the ledger, with the write by which any run ends. From then on nothing of it
   can be claimed.
2. Every look lists all jobs of the run by the beginning of their names, those that the ledger does not name
   included, and terminates what lives.
3. A step that was claimed before may still be being submitted: it is waited for. A claim so old that its
   owner must be gone is taken over, as ``advance`` would, so that nobody else takes it; then it is settled by
   whether there is a job of its name.
4. Nothing is left when a look that came after all this finds neither such a claim nor a live job.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from cli.failures import CommandError
from sluice.advance.claims import LEASE
from sluice.ledger.ledger import Ledger
from sluice.limits import MAX_DESCRIBE_JOBS
from sluice.run.job_names import JobName
from sluice.run.state import Run, RunState, StepRecord, StepState

REASON = "Cancelled with `sluice cancel`."
NEVER_SUBMITTED = "cancelled before it was submitted"
SECONDS_BETWEEN_LOOKS = 1.0
_ENDED = ("SUCCEEDED", "FAILED")


@dataclass(frozen=True, slots=True)
class Left:
    """What a look found: live jobs by id, with their names, and steps that may still become jobs."""

    jobs: Mapping[str, str]
    claims: tuple[str, ...]

    @property
    def nothing(self) -> bool:
        """Return whether there is nothing left."""
        return not self.jobs and not self.claims


@dataclass(slots=True, kw_only=True)
class Canceller:
    """Cancels one run; ``terminated`` are the jobs that it has told to end."""

    ledger: Ledger
    batch: Any
    queues: Mapping[str, str]
    run_id: str
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic
    terminated: set[str] = field(default_factory=set)
    _taken: dict[str, str] = field(default_factory=dict)

    def stop(self) -> RunState:
        """Let nothing more be claimed, and return the state in which the run is now; FAILED or SUCCEEDED when
        it had ended before.
        """
        self.ledger.finish(self.run_id, RunState.CANCELLED, self._stamp())
        return self._run().state

    def clear(self, seconds: float, tell: Callable[[Left], None]) -> Left:
        """Terminate what lives until a look finds nothing, or for so many seconds; return what the last look
        found.
        """
        deadline = self.clock() + seconds
        while True:
            left = self._look()
            tell(left)
            if left.nothing or self.clock() > deadline:
                return left
            self.sleep(SECONDS_BETWEEN_LOOKS)

    def _look(self) -> Left:
        self._take_over(self._run())
        run = self._run()
        jobs = self._jobs(run)
        waiting = [record.name for record in _claims(run) if not self._settled(record, jobs)]
        live = {job_id: job["jobName"] for job_id, job in jobs.items() if job["status"] not in _ENDED}
        for job_id in live.keys() - self.terminated:
            self.batch.terminate_job(jobId=job_id, reason=REASON)
            self.terminated.add(job_id)
        return Left(live, tuple(waiting))

    def _run(self) -> Run:
        run = self.ledger.load(self.run_id)
        if run is None:
            raise CommandError(
                f"Expected the run {self.run_id} in the ledger, found that it was removed meanwhile."
            )
        return run

    def _take_over(self, run: Run) -> None:
        for record in _claims(run):
            stamp = self._stamp()
            abandoned = self.now() - datetime.fromisoformat(record.claimed_at) >= LEASE
            if (
                abandoned
                and record.name not in self._taken
                and self.ledger.renew_claim(self.run_id, record, stamp)
            ):
                self._taken[record.name] = stamp

    def _settled(self, record: StepRecord, jobs: Mapping[str, Mapping[str, Any]]) -> bool:
        """Record what became of a claim that is ours now; False when it is somebody else's, who may still
        submit it.
        """
        if self._taken.get(record.name) != record.claimed_at:
            return False
        name = str(JobName(self.run_id, record.name, record.generation))
        mine = sorted((job["createdAt"], job_id) for job_id, job in jobs.items() if job["jobName"] == name)
        if mine:
            self.ledger.record_submitted(
                self.run_id, {record.name: mine[0][1]}, {record.name: record.generation}
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

    def _jobs(self, run: Run) -> dict[str, Mapping[str, Any]]:
        """Return every job of the run by its id: those that Batch lists under its name, and those that the
        ledger names.
        """
        names = {
            name
            for step in run.pipeline.steps
            for name in (step.queue, *([step.steady] if step.reclaimed else []))
        }
        queues = sorted(self.queues[name] for name in names if name in self.queues)
        jobs = {job["jobId"]: job for queue in queues for job in self._listed(queue)}
        others = [
            record.job_id for record in run.steps.values() if record.job_id and record.job_id not in jobs
        ]
        for start in range(0, len(others), MAX_DESCRIBE_JOBS):
            described = self.batch.describe_jobs(jobs=others[start : start + MAX_DESCRIBE_JOBS])["jobs"]
            jobs.update((job["jobId"], job) for job in described)
        return jobs

    def _listed(self, queue: str) -> Iterator[Mapping[str, Any]]:
        """Yield the jobs whose names begin with the run's, in any state: with a filter by name ListJobs knows
        all states.

        Source: https://docs.aws.amazon.com/batch/latest/APIReference/API_ListJobs.html
        """
        page: dict[str, Any] = {}
        while True:
            page = self.batch.list_jobs(
                jobQueue=queue, filters=[{"name": "JOB_NAME", "values": [f"{self.run_id}_*"]}], **page
            )
            yield from page["jobSummaryList"]
            if not page.get("nextToken"):
                return
            page = {"nextToken": page["nextToken"]}

    def _stamp(self) -> str:
        return self.now().isoformat(timespec="milliseconds")


def _claims(run: Run) -> list[StepRecord]:
    return [record for record in run.steps.values() if record.state is StepState.CLAIMED]
