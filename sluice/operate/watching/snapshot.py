"""A run as it is now: its record, what AWS Batch says of its jobs, and what people see of both."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sluice.aws.batch_jobs import ENDED, BatchReader, Job, jobs_by_id
from sluice.ledger.ledger import Ledger
from sluice.operate.errors import RunNotFoundError
from sluice.operate.runs.view import RunView, StepView, view_of
from sluice.run.state import Run, StepRecord


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A run with its jobs by id, as DescribeJobs returns them; what AWS Batch has forgotten is absent."""

    run: Run
    jobs: Mapping[str, Job]
    view: RunView

    def job(self, step: str) -> Job:
        """Return the job of a step's last generation, empty where there is none that AWS Batch knows."""
        record = self.run.steps.get(step)
        return self.jobs.get(record.job_id or "", {}) if record else {}

    def record(self, step: str) -> StepRecord | None:
        """Return what the ledger has of a step."""
        return self.run.steps.get(step)

    def step(self, name: str) -> StepView | None:
        """Return what people see of a step."""
        return next((one for one in self.view.steps if one.name == name), None)


def read_snapshot(ledger: Ledger, batch: BatchReader, run_id: str) -> Snapshot:
    """Return a run as it is now: a Query, and one DescribeJobs for each 100 of its jobs.

    Raises RunNotFoundError for an id that no run has.
    """
    run = ledger.load(run_id)
    if run is None:
        raise RunNotFoundError(run_id)
    jobs = jobs_by_id(batch, _job_ids(run))
    return Snapshot(run, jobs, view_of(run, jobs, datetime.now(UTC)))


def read_snapshots(runs: Sequence[Run], batch: BatchReader) -> Iterator[Snapshot]:
    """Yield runs that were read as they are now: one DescribeJobs for each 100 jobs of them all."""
    known = jobs_by_id(batch, [job_id for run in runs for job_id in _job_ids(run)])
    for run in runs:
        jobs = {job_id: known[job_id] for job_id in _job_ids(run) if job_id in known}
        yield Snapshot(run, jobs, view_of(run, jobs, datetime.now(UTC)))


def jobs_by_queue(snapshots: Iterable[Snapshot]) -> dict[str, Counter[str]]:
    """Return how many jobs of runs are in each state in a job queue, by its ARN: those that have not ended,
    and children by their own states.
    """
    found: dict[str, Counter[str]] = {}
    for job in (job for snapshot in snapshots for job in snapshot.jobs.values()):
        summary = (job.get("arrayProperties") or {}).get("statusSummary") or {job.get("status", ""): 1}
        left = {state: number for state, number in summary.items() if number and state not in ENDED}
        found.setdefault(str(job.get("jobQueue", "")), Counter()).update(left)
    return found


def _job_ids(run: Run) -> list[str]:
    return [record.job_id for record in run.steps.values() if record.job_id]


def moment(milliseconds: float | None) -> str | None:
    """Return a time of AWS Batch in ISO 8601, UTC."""
    if not milliseconds:
        return None
    return datetime.fromtimestamp(milliseconds / 1000, UTC).isoformat(timespec="milliseconds")
