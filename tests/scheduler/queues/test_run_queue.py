"""The order in which the jobs of one queue start."""

from __future__ import annotations

from scheduler.jobs.job import Job
from scheduler.queues.fair_share import FairPolicy, FairShare
from scheduler.queues.run_queue import Fifo
from scheduler.spec import JobSpec, Need
from scheduler.states import RUNNABLE


def runnable(seq: int, size: int = 1, *, share: str = "", priority: int = 0) -> Job:
    """An array of which every child is runnable."""
    spec = JobSpec(f"job-{seq}", "q", Need(1000, 1024), size, share=share, priority=priority)
    job = Job(f"job-{seq}", seq, spec, 0)
    job.states = bytearray([RUNNABLE]) * size
    job.release_all()
    return job


def test_fifo_pops_by_submission_whatever_was_pushed_first() -> None:
    """The job that was submitted first goes first, child by child."""
    first, second = runnable(1, 2), runnable(2)
    queue = Fifo()
    queue.push(second, 0)
    queue.push(first, 0)
    popped = [queue.pop(0) for _ in range(4)]
    assert popped == [(first, 0), (first, 1), (second, 0), None]


def test_what_is_requeued_is_popped_next() -> None:
    """A child that found no room keeps its place."""
    job = runnable(1, 3)
    queue = Fifo()
    queue.push(job, 0)
    assert queue.pop(0) == (job, 0)
    queue.requeue(job, 0, 0)
    assert queue.front(2) == [(job, 0), (job, 1)]
    assert queue.pop(0) == (job, 0)


def test_fair_share_pops_from_the_share_that_holds_least() -> None:
    """What a share is charged for moves the other share before it."""
    one, two = runnable(1, 2, share="one"), runnable(2, 2, share="two")
    queue = FairShare(FairPolicy())
    queue.push(one, 0)
    queue.push(two, 0)
    queue.charge(one, 1000, 0)
    assert queue.pop(0) == (two, 0)


def test_a_share_starts_its_higher_priority_first() -> None:
    """Within a share, the scheduling priority goes before the time of submission."""
    low, high = runnable(1, share="s"), runnable(2, share="s", priority=1)
    queue = FairShare(FairPolicy())
    queue.push(low, 0)
    queue.push(high, 0)
    assert queue.pop(0) == (high, 0)
