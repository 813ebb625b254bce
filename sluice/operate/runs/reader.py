"""Reads runs with their steps from the ledger and from AWS Batch."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime

from sluice.aws.batch_jobs import ENDED, BatchReader, Job, jobs_by_id
from sluice.ledger.ledger import Ledger
from sluice.operate.errors import RunRemovedError
from sluice.operate.runs.view import RunView, view_of


class RunReader:
    """Reads runs. A read costs a Query for each run and one DescribeJobs for each 100 of their live jobs."""

    def __init__(self, ledger: Ledger, batch: BatchReader) -> None:
        self._ledger = ledger
        self._batch = batch
        self._ended: dict[str, Job] = {}

    def read(self, run_ids: Iterable[str]) -> list[RunView]:
        """Return the runs as they are now; those that the ledger does not know are left out."""
        runs = [run for run in map(self._ledger.load, run_ids) if run is not None]
        jobs = self._jobs([step.job_id for run in runs for step in run.steps.values() if step.job_id])
        now = datetime.now(UTC)
        return [view_of(run, jobs, now) for run in runs]

    def read_one(self, run_id: str) -> RunView:
        """Return a run as it is now; raises RunRemovedError when the ledger does not know it."""
        for view in self.read([run_id]):
            return view
        raise RunRemovedError(run_id)

    def _jobs(self, job_ids: Sequence[str]) -> Mapping[str, Job]:
        """Return jobs by their ids; those that have ended are described once."""
        found = jobs_by_id(self._batch, [job_id for job_id in job_ids if job_id not in self._ended])
        self._ended.update((job_id, job) for job_id, job in found.items() if job["status"] in ENDED)
        return self._ended | found
