"""The same rules over a virtual clock: what a fleet would do, in seconds instead of hours.

Durations are sampled, spot hosts are interrupted by a rate, and the answer is when all was done, what it
cost, and how long jobs waited. Everything follows from the seed.
"""

from __future__ import annotations

from heapq import heappop, heappush
from random import Random
from typing import TYPE_CHECKING

from scheduler.capacity.interruptions import SpotInterruptions
from scheduler.effects import StartAttempt, StopAttempt
from scheduler.retry import Outcome
from scheduler.scheduler import Scheduler
from scheduler.simulation.bills import Bills
from scheduler.simulation.conditions import Conditions, Report
from scheduler.states import FAILED, SUCCEEDED

if TYPE_CHECKING:
    from scheduler.capacity.hosts import EnvironmentSpec, Host
    from scheduler.jobs.job import Job
    from scheduler.queues.job_queue import QueueSpec
    from scheduler.spec import JobSpec

_HOUR_MS = 3_600_000
_OK = Outcome(0)
_FAILED = Outcome(1)
_STOPPED = Outcome(143)


class Simulation:
    """Environments, queues and jobs; `run` plays them to the end.

    A job's `JobSpec.info` is its `Duration`.
    """

    def __init__(self, conditions: Conditions | None = None) -> None:
        self.conditions = conditions or Conditions()
        self.scheduler = Scheduler(watching=False)
        self._random = Random(self.conditions.seed)  # noqa: S311 - repeatable, not secret
        self._interruptions = SpotInterruptions(self.conditions.interruptions_per_hour, self._random)
        self._bills = Bills(self.conditions.idle_seconds)
        # (time, order, attempt that ends then); without an attempt, a job is submitted.
        self._events: list[tuple[int, int, StartAttempt | None]] = []
        self._count = 0
        self._submissions: dict[int, tuple[str, JobSpec]] = {}
        self._interrupted = 0
        self._busy_ms = 0
        # By queue: how many attempts started, how long they waited together, how long the slowest did.
        self._waits: dict[str, list[int]] = {}
        self._now = 0

    def environment(self, spec: EnvironmentSpec) -> None:
        """Add a compute environment."""
        self.scheduler.put_environment(spec, 0)

    def queue(self, spec: QueueSpec) -> None:
        """Add a job queue."""
        self._waits[spec.id] = [0, 0, 0]
        self.scheduler.put_queue(spec, 0)

    def submit(self, job_id: str, spec: JobSpec, at_seconds: float = 0) -> None:
        """Submit a job at a time of the virtual clock."""
        self._count += 1
        self._submissions[self._count] = (job_id, spec)
        heappush(self._events, (int(at_seconds * 1000), self._count, None))

    def run(self) -> Report:
        """Play until nothing is left to happen."""
        events = self._events
        while events:
            due = self._next_due()
            if due is not None and due <= events[0][0]:
                self._keep_time(events[0][0])
            now, number, start = heappop(events)
            if start is None:
                job_id, spec = self._submissions.pop(number)
                self.scheduler.submit(job_id, spec, now)
            elif not start.job.is_current(start.child, start.attempt):
                continue
            else:
                self._end(start.job, start.child, start.attempt, self._outcome(), now)
            self._now = now
            self._carry_out(now)
        return self._report()

    def _keep_time(self, until: int) -> None:
        """Let timeouts and interruptions happen that are due before the next event."""
        while (due := self._next_due()) is not None and due <= until:
            for host in self._interruptions.due(due):
                self._lose(host, due)
            self.scheduler.tick(due)
            self._carry_out(due)
            until = min(until, self._events[0][0])

    def _lose(self, host: Host, now: int) -> None:
        self._interrupted += len(host.tasks)
        for job_id, child in host.tasks:
            job = self.scheduler.jobs[job_id]
            self._busy_ms += (now - job.started[child]) * job.spec.need.milli_cpus
        self._bills.lost(host, now)
        self.scheduler.host_lost(host, now)

    def _next_due(self) -> int | None:
        due, interruption = self.scheduler.first_deadline(), self._interruptions.next_due()
        if due is None or interruption is None:
            return due if interruption is None else interruption
        return min(due, interruption)

    def _carry_out(self, now: int) -> None:
        while effects := self.scheduler.take_effects():
            for effect in effects:
                if type(effect) is StartAttempt:
                    self._start(effect, now)
                elif type(effect) is StopAttempt and effect.job.is_current(effect.child, effect.attempt):
                    self._now = now
                    self._end(effect.job, effect.child, effect.attempt, _STOPPED, now)

    def _start(self, start: StartAttempt, now: int) -> None:
        job, child, attempt, host = start
        conditions = self.conditions
        seconds = job.spec.info(self._random) + conditions.start_seconds  # type: ignore[operator]
        if self._bills.occupy(host, now):
            self._interruptions.host_used(host, now)
            seconds += conditions.boot_seconds
        self._wait(job, now)
        self.scheduler.started(job, child, attempt, now)
        self._count += 1
        heappush(self._events, (now + int(seconds * 1000), self._count, start))

    def _wait(self, job: Job, now: int) -> None:
        wait = now - job.queued_since
        record = self._waits[job.spec.queue]
        record[0] += 1
        record[1] += wait
        if wait > record[2]:
            record[2] = wait

    def _end(self, job: Job, child: int, attempt: int, outcome: Outcome, now: int) -> None:
        host = job.hosts[child]
        self._busy_ms += (now - job.started[child]) * job.spec.need.milli_cpus
        self.scheduler.ended(job, child, attempt, outcome, now)
        if not host.tasks:
            self._bills.emptied(host, now)

    def _outcome(self) -> Outcome:
        rate = self.conditions.failure_rate
        return _FAILED if rate and self._random.random() < rate else _OK

    def _report(self) -> Report:
        paid = self._bills.paid_vcpu_hours(self.scheduler.environments, self._now)
        jobs = self.scheduler.jobs.values()
        return Report(
            finished_seconds=self._now / 1000,
            succeeded=sum(job.counts[SUCCEEDED] for job in jobs),
            failed=sum(job.counts[FAILED] for job in jobs),
            attempts=sum(record[0] for record in self._waits.values()),
            interruptions=self._interrupted,
            used_vcpu_hours=self._busy_ms / 1000 / _HOUR_MS,
            paid_vcpu_hours=paid,
            cost=sum(hours * self.conditions.price.get(name, 0) for name, hours in paid.items()),
            mean_wait_seconds={name: each[1] / max(each[0], 1) / 1000 for name, each in self._waits.items()},
            longest_wait_seconds={name: each[2] / 1000 for name, each in self._waits.items()},
        )
