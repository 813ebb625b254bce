"""A job queue as the scheduler sees it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from scheduler.capacity.hosts import Environment
    from scheduler.jobs.job import Job
    from scheduler.queues.fair_share import FairPolicy
    from scheduler.queues.run_queue import RunQueue


@dataclass(frozen=True, slots=True)
class QueueSpec:
    """A job queue as the scheduler needs it; `environments` are ids in the order in which they are tried.

    `time_limits` are (reason, milliseconds) pairs: how long a job may block the queue for that reason.
    """

    id: str
    priority: int
    environments: tuple[str, ...]
    fair: FairPolicy | None = None
    time_limits: tuple[tuple[str, int], ...] = ()


class Queue:
    """A job queue: its specification and its runnable jobs."""

    __slots__ = ("blocked_by", "environments", "explained", "head_blocked", "run_queue", "spec")

    def __init__(self, spec: QueueSpec, environments: list[Environment], run_queue: RunQueue) -> None:
        self.spec = spec
        self.environments = environments
        self.run_queue = run_queue
        # Nothing is tried again for a queue whose head found no room, until room or a new job appears.
        self.head_blocked = True
        # The job whose waiting was explained last, and the child that blocks the queue for a known reason.
        self.explained: Job | None = None
        self.blocked_by: tuple[Job, int] | None = None

    def has_room(self) -> bool:
        """Whether any environment has a vCPU left; it is asked before a child is popped."""
        for environment in self.environments:  # noqa: SIM110 - asked once a start, and quicker than any()
            if environment.used < environment.spec.max_milli_cpus:
                return True
        return False

    @property
    def capacity(self) -> int:
        """The vCPUs that its environments may reach, in thousandths."""
        return sum(environment.spec.max_milli_cpus for environment in self.environments)
