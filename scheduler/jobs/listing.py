"""The jobs of each queue by their state, so that ListJobs looks at no job that it does not list."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING

from scheduler.states import NAMES, SUCCEEDED

if TYPE_CHECKING:
    from scheduler.jobs.job import Job


class Listing:
    """Per queue and state, the jobs in the order in which they reached it, each by a number that grows
    with every such move.
    """

    def __init__(self) -> None:
        self._queues: dict[str, list[dict[int, Job]]] = {}
        self._numbers = count(1)

    def add(self, job: Job) -> None:
        """Take in a job that was just submitted."""
        self._enter(self._of(job.spec.queue)[job.status], job)

    def move(self, job: Job, old: int, new: int) -> None:
        """Note that a job went from one state to another."""
        states = self._of(job.spec.queue)
        states[old].pop(job.listed, None)
        self._enter(states[new], job)

    def remove(self, job: Job) -> None:
        """Drop a job."""
        self._of(job.spec.queue)[job.status].pop(job.listed, None)

    def jobs(self, queue: str, status: int) -> dict[int, Job]:
        """The jobs of a queue in one state, by numbers that ascend."""
        return self._of(queue)[status]

    def all_unfinished(self, queue: str) -> list[Job]:
        """The jobs of a queue that have not ended."""
        return [job for jobs in self._of(queue)[:SUCCEEDED] for job in jobs.values()]

    def _enter(self, jobs: dict[int, Job], job: Job) -> None:
        job.listed = next(self._numbers)
        jobs[job.listed] = job

    def _of(self, queue: str) -> list[dict[int, Job]]:
        found = self._queues.get(queue)
        if found is None:
            found = self._queues[queue] = [{} for _ in NAMES]
        return found
