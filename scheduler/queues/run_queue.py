"""The order in which the jobs of one queue start."""

from __future__ import annotations

from heapq import heappop, heappush, nsmallest
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scheduler.jobs.job import Job

_Entry = tuple[int, int, "Job"]


class RunQueue(Protocol):
    """The runnable jobs of one queue, in the order in which its policy starts them."""

    def push(self, job: Job, now: int) -> None:
        """Add a job that has at least one runnable child; twice is once."""

    def pop(self, now: int) -> tuple[Job, int] | None:
        """Remove and return the child that is next to start, or None when no child waits."""

    def requeue(self, job: Job, index: int, now: int) -> None:
        """Put back at its place what `pop` returned."""

    def charge(self, job: Job, milli_cpus: int, now: int) -> None:
        """Note that a child of `job` holds (positive) or gives back (negative) vCPUs."""

    def allows(self, milli_cpus: int, capacity: int) -> bool:
        """Whether the policy lets that many more vCPUs be used of the queue's `capacity`."""

    def front(self, count: int) -> list[tuple[Job, int]]:
        """The first children, which stay in the queue."""


class PriorityOrder:
    """Jobs by priority and then by the time of their submission; a job's children by their numbers."""

    __slots__ = ("_heap",)

    def __init__(self) -> None:
        self._heap: list[_Entry] = []

    def push(self, job: Job, priority: int, now: int) -> None:
        """Add a job at the place that its priority and its submission give it."""
        if not job.is_queued:
            job.is_queued = True
            job.queued_since = now
            heappush(self._heap, (-priority, job.seq, job))

    def pop(self) -> tuple[Job, int] | None:
        """Remove and return the first job's next child."""
        heap = self._heap
        while heap:
            job = heap[0][2]
            index = job.pop_ready()
            if index is not None:
                return job, index
            heappop(heap)
            job.is_queued = False
        return None

    def front(self, count: int) -> list[tuple[Job, int]]:
        """The first children, which stay in the queue."""
        return [each for _, each in zip(range(count), self._children(count), strict=False)]

    def _children(self, count: int) -> Iterator[tuple[Job, int]]:
        for _, _, job in nsmallest(count, self._heap):
            yield from ((job, index) for index in job.peek_ready(count))


class Fifo:
    """First come, first served, by the time of submission.

    Jobs start in approximately the order in which they are submitted, as long as their dependencies are met:
    https://docs.aws.amazon.com/batch/latest/userguide/job_queues.html. The scheduling priority of a job
    counts in queues with a scheduling policy only:
    https://docs.aws.amazon.com/batch/latest/APIReference/API_SubmitJob.html.
    """

    __slots__ = ("_order",)

    def __init__(self) -> None:
        self._order = PriorityOrder()

    def push(self, job: Job, now: int) -> None:
        """Add a job at the place that its submission gives it."""
        self._order.push(job, 0, now)

    def pop(self, now: int) -> tuple[Job, int] | None:
        """Remove and return the oldest job's next child."""
        return self._order.pop()

    def requeue(self, job: Job, index: int, now: int) -> None:
        """Put a child back at the head of the queue."""
        job.requeue(index)
        self._order.push(job, 0, now)

    def charge(self, job: Job, milli_cpus: int, now: int) -> None:
        """Use changes nothing here."""

    def allows(self, milli_cpus: int, capacity: int) -> bool:
        """Nothing is reserved."""
        return True

    def front(self, count: int) -> list[tuple[Job, int]]:
        """The first children."""
        return self._order.front(count)
