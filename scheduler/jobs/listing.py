"""The jobs of each queue by their state, so that ListJobs looks at no job that it does not list."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scheduler.states import NAMES, SUCCEEDED

if TYPE_CHECKING:
    from scheduler.jobs.job import Job


class Listing:
    """Per queue and state, the jobs in the order in which they reached that state."""

    def __init__(self) -> None:
        self._queues: dict[str, list[dict[str, Job]]] = {}

    def add(self, job: Job) -> None:
        """Take in a job that was just submitted."""
        self._of(job.spec.queue)[job.status][job.id] = job

    def move(self, job: Job, old: int, new: int) -> None:
        """Note that a job went from one state to another."""
        states = self._of(job.spec.queue)
        states[old].pop(job.id, None)
        states[new][job.id] = job

    def remove(self, job: Job) -> None:
        """Drop a job."""
        self._of(job.spec.queue)[job.status].pop(job.id, None)

    def jobs(self, queue: str, status: int) -> dict[str, Job]:
        """The jobs of a queue in one state, by id."""
        return self._of(queue)[status]

    def all_unfinished(self, queue: str) -> list[Job]:
        """The jobs of a queue that have not ended."""
        return [job for jobs in self._of(queue)[:SUCCEEDED] for job in jobs.values()]

    def _of(self, queue: str) -> list[dict[str, Job]]:
        found = self._queues.get(queue)
        if found is None:
            found = self._queues[queue] = [{} for _ in NAMES]
        return found
