"""How long a job is known after its end."""

from __future__ import annotations

from scheduler.jobs.job import Job
from scheduler.jobs.retention import Retention
from scheduler.spec import JobSpec, Need


def ended_at(now: int) -> Job:
    """A job that ended at a time."""
    job = Job(f"job-{now}", now, JobSpec("j", "q", Need(1000, 1024)), 0)
    job.stopped_at = now
    return job


def test_jobs_expire_in_the_order_of_their_ends() -> None:
    """A job expires `kept_ms` after its end, and not before."""
    retention = Retention(100)
    first, second = ended_at(10), ended_at(20)
    retention.add(first)
    retention.add(second)
    assert retention.next_due() == 110
    assert list(retention.expired(110)) == [first]
    assert retention.next_due() == 120


def test_without_a_limit_nothing_expires() -> None:
    """With no `kept_ms` every job is kept."""
    retention = Retention(None)
    retention.add(ended_at(10))
    assert retention.next_due() is None
    assert list(retention.expired(1 << 60)) == []
