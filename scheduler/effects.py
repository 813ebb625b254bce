"""What the scheduler asks of its runtime: start this attempt, stop that one, publish a change."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from scheduler.capacity.hosts import Host
    from scheduler.jobs.job import Job


class StartAttempt(NamedTuple):
    """Start attempt `attempt` (1, 2, …) of `child` (0 for a job that is no array) on `host`."""

    job: Job
    child: int
    attempt: int
    host: Host


class StopAttempt(NamedTuple):
    """Stop an attempt that was started; its end is reported as usual, and ignored where it no longer
    matters.
    """

    job: Job
    child: int
    attempt: int


class StateChange(NamedTuple):
    """A job, an array parent (`child` None) or a child reached `status`; `attempts` of it had ended by
    then.
    """

    job: Job
    child: int | None
    status: int
    at: int
    attempts: int
    reason: str | None


class QueueBlocked(NamedTuple):
    """The job at the head of a queue cannot run, for `reason`."""

    job: Job
    child: int
    at: int
    reason: str


Effect = StartAttempt | StopAttempt | StateChange | QueueBlocked
