"""The order in which the jobs of one queue start."""

from __future__ import annotations

from heapq import heappop, heappush, nsmallest
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scheduler.jobs.job import Job

_Place = tuple[int, int, "Job"]


class Line(Protocol):
    """The runnable jobs of one queue, in the order in which its policy starts them."""

    def add(self, job: Job, now: int) -> None:
        """Let a job stand in line that has at least one runnable child; twice is once."""

    def take(self, now: int) -> tuple[Job, int] | None:
        """Take the child that is next to start out of the line, or None when nobody waits."""

    def put_back(self, job: Job, index: int, now: int) -> None:
        """Return what `take` gave, to where it stood."""

    def used(self, job: Job, milli_cpus: int, now: int) -> None:
        """Learn that a child of `job` holds (positive) or gives back (negative) vCPUs."""

    def allows(self, milli_cpus: int, capacity: int) -> bool:
        """Whether the policy lets that many more vCPUs be used of the queue's `capacity`."""

    def front(self, count: int) -> list[tuple[Job, int]]:
        """The first children in line, which stay in it."""


class Ordered:
    """Jobs by priority and then by the time of their submission; a job's children by their numbers."""

    __slots__ = ("_heap",)

    def __init__(self) -> None:
        self._heap: list[_Place] = []

    def add(self, job: Job, priority: int, now: int) -> None:
        """Let a job stand at the place that its priority and its submission give it."""
        if not job.in_line:
            job.in_line = True
            job.in_line_since = now
            heappush(self._heap, (-priority, job.seq, job))

    def take(self) -> tuple[Job, int] | None:
        """Take the first job's next child."""
        heap = self._heap
        while heap:
            job = heap[0][2]
            index = job.next_ready()
            if index is not None:
                return job, index
            heappop(heap)
            job.in_line = False
        return None

    def front(self, count: int) -> list[tuple[Job, int]]:
        """The first children in line, which stay in it."""
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
        self._order = Ordered()

    def add(self, job: Job, now: int) -> None:
        """Let a job stand in line, at the place that its submission gives it."""
        self._order.add(job, 0, now)

    def take(self, now: int) -> tuple[Job, int] | None:
        """Take the oldest job's next child."""
        return self._order.take()

    def put_back(self, job: Job, index: int, now: int) -> None:
        """Return a child to the head of the line."""
        job.put_back(index)
        self._order.add(job, 0, now)

    def used(self, job: Job, milli_cpus: int, now: int) -> None:
        """First come, first served, whoever used how much."""

    def allows(self, milli_cpus: int, capacity: int) -> bool:
        """Nothing is reserved."""
        return True

    def front(self, count: int) -> list[tuple[Job, int]]:
        """The first children in line."""
        return self._order.front(count)
