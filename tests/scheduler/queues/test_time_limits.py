"""How long a job may block its queue."""

from __future__ import annotations

from scheduler.jobs.job import Job
from scheduler.queues.job_queue import Queue, QueueSpec
from scheduler.queues.run_queue import Fifo
from scheduler.queues.time_limits import BlockedChild, TimeLimits
from scheduler.spec import JobSpec, Need


def blocked(name: str) -> BlockedChild:
    """A job at the head of a queue."""
    queue = Queue(QueueSpec("q", 1, ()), [], Fifo())
    return BlockedChild(queue, Job(name, 1, JobSpec(name, "q", Need(1000, 1024)), 0), 0)


def test_limits_come_due_in_order() -> None:
    """What was set for an earlier time comes due first, also when it is set while others are due."""
    limits = TimeLimits()
    late, early, added = blocked("late"), blocked("early"), blocked("added")
    limits.add(late, 20)
    limits.add(early, 10)
    assert limits.next_due() == 10
    found = []
    for each in limits.due(15):
        found.append(each)
        if each is early:
            limits.add(added, 15)
    assert found == [early, added]
    assert limits.next_due() == 20
