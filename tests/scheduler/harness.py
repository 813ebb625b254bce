"""A harness for the pure scheduler: it starts each attempt at once, and a test says when one ends."""

from __future__ import annotations

from scheduler.capacity.hosts import EnvironmentSpec
from scheduler.capacity.instances import sizes_of
from scheduler.effects import QueueBlocked, StartAttempt, StateChange, StopAttempt
from scheduler.jobs.job import Job
from scheduler.queues.fair_share import FairPolicy
from scheduler.queues.job_queue import QueueSpec
from scheduler.retry import Outcome
from scheduler.scheduler import Scheduler
from scheduler.spec import Dependency, JobSpec, Need, Retry
from scheduler.states import NAMES

ONE = Need(1000, 1024)
ONCE = Retry()


class Harness:
    """A scheduler with one queue `q` on one environment `ce`, and a record of what it asked for."""

    def __init__(
        self,
        *,
        cpus: int = 4,
        types: tuple[str, ...] = ("m5.xlarge",),
        slots: int | None = None,
        kept_ms: int | None = None,
    ) -> None:
        self.scheduler = Scheduler(slots=slots, kept_ms=kept_ms)
        self.now = 0
        self.running: dict[tuple[str, int], StartAttempt] = {}
        self.started: list[tuple[str, int]] = []
        self.stops: list[tuple[str, int]] = []
        self.changes: list[tuple[str, int | None, str]] = []
        self.blocked: list[QueueBlocked] = []
        self.environment("ce", cpus=cpus, types=types)
        self.queue("q", ("ce",))

    def environment(
        self,
        name: str,
        *,
        cpus: int = 4,
        types: tuple[str, ...] = ("m5.xlarge",),
        spot: bool = False,
        managed: bool = True,
        exceed: bool = False,
        enabled: bool = True,
    ) -> None:
        """Create or change an environment."""
        spec = EnvironmentSpec(name, name, cpus * 1000, sizes_of(types), managed, spot, exceed, enabled)
        self.scheduler.put_environment(spec, self.now)
        self.settle()

    def queue(
        self,
        name: str,
        environments: tuple[str, ...],
        *,
        priority: int = 1,
        fair: FairPolicy | None = None,
        limits: tuple[tuple[str, int], ...] = (),
    ) -> None:
        """Create or change a queue."""
        self.scheduler.put_queue(QueueSpec(name, priority, environments, fair, limits), self.now)
        self.settle()

    def submit(
        self,
        name: str,
        *,
        queue: str = "q",
        need: Need = ONE,
        size: int | None = None,
        after: tuple[str, ...] = (),
        pairs: tuple[str, ...] = (),
        retry: Retry = ONCE,
        timeout_ms: int | None = None,
        sequential: bool = False,
        nodes: tuple[Need, ...] = (),
        resources: tuple[tuple[str, int], ...] = (),
        share: str = "",
        priority: int = 0,
    ) -> Job:
        """Submit a job whose id is its name."""
        depends = tuple(Dependency(each) for each in after) + tuple(Dependency(each, True) for each in pairs)
        spec = JobSpec(
            name=name,
            queue=queue,
            need=nodes[0] if nodes else need,
            size=size,
            retry=retry,
            timeout_ms=timeout_ms,
            depends_on=depends,
            sequential=sequential,
            nodes=nodes,
            resources=resources,
            share=share,
            priority=priority,
        )
        job = self.scheduler.submit(name, spec, self.now)
        self.settle()
        return job

    def end(
        self,
        name: str,
        index: int = 0,
        code: int | None = 0,
        *,
        reason: str | None = None,
        status_reason: str | None = None,
    ) -> None:
        """End a running attempt."""
        start = self.running.pop((name, index))
        self.scheduler.ended(
            start.job, start.child, start.attempt, Outcome(code, reason, status_reason), self.now
        )
        self.settle()

    def at(self, now: int) -> None:
        """Let time pass."""
        self.now = now
        self.scheduler.tick(now)
        self.settle()

    def settle(self) -> None:
        """Do what the scheduler asks for; a container runs as soon as it starts."""
        while effects := self.scheduler.take_effects():
            for effect in effects:
                if isinstance(effect, StartAttempt):
                    self.running[effect.job.id, effect.child] = effect
                    self.started.append((effect.job.id, effect.child))
                    self.scheduler.started(effect.job, effect.child, effect.attempt, self.now)
                elif isinstance(effect, StopAttempt):
                    self.stops.append((effect.job.id, effect.child))
                elif isinstance(effect, StateChange):
                    self.changes.append((effect.job.id, effect.child, NAMES[effect.status]))
                else:
                    self.blocked.append(effect)

    def state(self, name: str, index: int | None = None) -> str:
        """The state of a job or a child."""
        job = self.scheduler.jobs[name]
        return NAMES[job.status if index is None else job.states[index]]
