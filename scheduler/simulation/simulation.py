"""The same rules over a virtual clock: what a fleet would do, in seconds instead of hours.

Durations are sampled, spot hosts are reclaimed by a rate, and the answer is when all was done, what it cost,
and how long jobs waited. Everything follows from the seed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from heapq import heappop, heappush
from random import Random

from local.batch.faults import Reclaims
from scheduler.capacity.hosts import EnvironmentSpec, Host
from scheduler.effects import StartAttempt, StopAttempt
from scheduler.jobs.job import Job
from scheduler.queues.job_queue import QueueSpec
from scheduler.retry import Outcome
from scheduler.scheduler import Scheduler
from scheduler.spec import JobSpec
from scheduler.states import FAILED, SUCCEEDED

Duration = Callable[[Random], float]
_HOUR_MS = 3_600_000
_OK = Outcome(0)
_FAILED = Outcome(1)
_STOPPED = Outcome(143)


def fixed(seconds: float) -> Duration:
    """Every attempt takes the same time."""
    return lambda _random: seconds


def exponential(mean_seconds: float) -> Duration:
    """Attempts take an exponentially distributed time."""
    rate = 1 / mean_seconds
    return lambda random: random.expovariate(rate)


def lognormal(median_seconds: float, sigma: float) -> Duration:
    """Attempts take a log-normally distributed time: most near the median, a few much longer."""
    return lambda random: median_seconds * random.lognormvariate(0, sigma)


@dataclass(frozen=True, slots=True)
class Conditions:
    """The world of a simulation.

    `price` is by environment, in dollars for a vCPU-hour. `start_seconds` goes before each attempt (image,
    container), `boot_seconds` before the first one on a new host. A host is paid for until it has been idle
    for `idle_seconds`.
    """

    seed: int = 0
    reclaims_an_hour: float = 0
    failure_rate: float = 0
    start_seconds: float = 0
    boot_seconds: float = 0
    idle_seconds: float = 60
    price: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Report:
    """What a simulation came to: seconds, vCPU-hours (used by attempts, paid for hosts), dollars."""

    finished_seconds: float
    succeeded: int
    failed: int
    attempts: int
    interruptions: int
    used_vcpu_hours: float
    paid_vcpu_hours: Mapping[str, float]
    cost: float
    mean_wait_seconds: Mapping[str, float]
    longest_wait_seconds: Mapping[str, float]


class _Bill:
    """The time that one host is paid for."""

    __slots__ = ("empty_since", "ended", "since", "unpaid")

    def __init__(self, since: int) -> None:
        self.since = since
        self.unpaid = 0
        self.empty_since = -1
        self.ended = -1

    def milliseconds(self, now: int, idle_ms: int) -> int:
        """Until it was lost, or until it had been idle for long enough."""
        end = self.ended if self.ended >= 0 else now
        if self.empty_since >= 0:
            end = min(end, self.empty_since + idle_ms)
        return end - self.since - self.unpaid


class Simulation:
    """Environments, queues and jobs; `run` plays them to the end.

    A job's `JobSpec.info` is its `Duration`.
    """

    def __init__(self, conditions: Conditions | None = None) -> None:
        self.conditions = conditions or Conditions()
        self.scheduler = Scheduler(watching=False)
        self._random = Random(self.conditions.seed)  # noqa: S311 - repeatable, not secret
        self._reclaims = Reclaims(self.conditions.reclaims_an_hour, self._random)
        self._events: list[tuple[int, int, StartAttempt | None]] = []
        self._count = 0
        self._bills: dict[Host, _Bill] = {}
        self._interruptions = 0
        self._busy_ms = 0
        self._waits: dict[str, list[int]] = {}
        self._later: dict[int, tuple[str, JobSpec]] = {}
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
        self._later[self._count] = (job_id, spec)
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
                job_id, spec = self._later.pop(number)
                self.scheduler.submit(job_id, spec, now)
            elif not start.job.is_current(start.child, start.attempt):
                continue
            else:
                self._end(start.job, start.child, start.attempt, self._outcome(), now)
            self._now = now
            self._carry_out(now)
        return self._report()

    def _keep_time(self, until: int) -> None:
        """Timeouts and reclaims that are due before the next event."""
        while (due := self._next_due()) is not None and due <= until:
            for host in self._reclaims.due(due):
                self._lose(host, due)
            self.scheduler.tick(due)
            self._carry_out(due)
            until = min(until, self._events[0][0])

    def _lose(self, host: Host, now: int) -> None:
        self._interruptions += len(host.tasks)
        for job, child in host.tasks:
            self._busy_ms += (now - job.started[child]) * job.spec.need.milli_cpus
        self._bills[host].ended = now
        self.scheduler.host_lost(host, now)

    def _next_due(self) -> int | None:
        due, reclaim = self.scheduler.first_deadline(), self._reclaims.next_due()
        if due is None or reclaim is None:
            return due if reclaim is None else reclaim
        return min(due, reclaim)

    def _carry_out(self, now: int) -> None:
        for effect in self.scheduler.take_effects():
            if type(effect) is StartAttempt:
                self._start(effect, now)
            elif type(effect) is StopAttempt and effect.job.is_current(effect.child, effect.attempt):
                self._now = now
                self._end(effect.job, effect.child, effect.attempt, _STOPPED, now)
        if self.scheduler.effects:
            self._carry_out(now)

    def _start(self, start: StartAttempt, now: int) -> None:
        job, child, attempt, host = start
        seconds = job.spec.info(self._random) + self.conditions.start_seconds  # type: ignore[operator]
        bill = self._bills.get(host)
        if bill is None or bill.empty_since >= 0:
            seconds += self._occupy(host, bill, now)
        self._wait(job, now)
        self.scheduler.started(job, child, attempt, now)
        self._count += 1
        heappush(self._events, (now + int(seconds * 1000), self._count, start))

    def _occupy(self, host: Host, bill: _Bill | None, now: int) -> float:
        """Take note that a host is in use again; the seconds that it needs to boot when it is new."""
        if bill is None:
            self._bills[host] = _Bill(now)
            self._reclaims.seen(host, now)
            return self.conditions.boot_seconds
        unpaid = now - bill.empty_since - int(self.conditions.idle_seconds * 1000)
        bill.empty_since = -1
        if unpaid <= 0:
            return 0
        # It had been given back in the meantime: this is another one, which has to boot.
        bill.unpaid += unpaid
        return self.conditions.boot_seconds

    def _wait(self, job: Job, now: int) -> None:
        wait = now - job.in_line_since
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
            self._bills[host].empty_since = now

    def _outcome(self) -> Outcome:
        rate = self.conditions.failure_rate
        return _FAILED if rate and self._random.random() < rate else _OK

    def _report(self) -> Report:
        now, idle_ms = self._now, int(self.conditions.idle_seconds * 1000)
        paid: dict[str, float] = dict.fromkeys(self.scheduler.environments, 0.0)
        for host, bill in self._bills.items():
            hours = bill.milliseconds(now, idle_ms) / _HOUR_MS
            paid[host.environment.spec.id] += hours * host.size.milli_cpus / 1000
        jobs = self.scheduler.jobs.values()
        return Report(
            finished_seconds=now / 1000,
            succeeded=sum(job.counts[SUCCEEDED] for job in jobs),
            failed=sum(job.counts[FAILED] for job in jobs),
            attempts=sum(record[0] for record in self._waits.values()),
            interruptions=self._interruptions,
            used_vcpu_hours=self._busy_ms / 1000 / _HOUR_MS,
            paid_vcpu_hours=paid,
            cost=sum(hours * self.conditions.price.get(name, 0) for name, hours in paid.items()),
            mean_wait_seconds={name: each[1] / max(each[0], 1) / 1000 for name, each in self._waits.items()},
            longest_wait_seconds={name: each[2] / 1000 for name, each in self._waits.items()},
        )
