"""AWS Batch's rules as one object: commands in, effects out, time handed in with each command.

It does no I/O, starts no thread and reads no clock. A runtime on the wall clock and the simulation on a
virtual one drive the same object. All times are milliseconds.

Each transition costs O(1), or O(log n) where a heap is involved; nothing scans the jobs. Here stand the
commands; what each of them means is for the parts that are wired in `__init__`.
"""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING

from scheduler.capacity.consumables import Consumables
from scheduler.capacity.hosts import Environment, EnvironmentSpec, Host
from scheduler.dispatch.attempts import Attempts
from scheduler.dispatch.cancellation import Cancellation
from scheduler.dispatch.container_jobs import ContainerJobs
from scheduler.dispatch.deadlines import Deadlines
from scheduler.dispatch.dispatcher import Dispatcher
from scheduler.dispatch.multi_node_jobs import MultiNodeJobs
from scheduler.jobs.dependencies import Dependencies
from scheduler.jobs.job import Job
from scheduler.jobs.lifecycle import Lifecycle
from scheduler.jobs.retention import Retention
from scheduler.jobs.transitions import Transitions
from scheduler.queues.queue_set import QueueSet
from scheduler.queues.time_limits import TimeLimits
from scheduler.reasons import HOST_LOST, SPOT_TASK_INTERRUPTED, TIMED_OUT
from scheduler.retry import Outcome
from scheduler.states import RUNNING, STARTING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from scheduler.effects import Effect
    from scheduler.jobs.listing import Listing
    from scheduler.queues.job_queue import Queue, QueueSpec
    from scheduler.spec import JobSpec


class Scheduler:
    """The jobs of one account and Region, and what becomes of them.

    `slots` bounds how many attempts are in flight at once, whatever the environments' `maxvCpus` say: it is
    the machine's limit, not AWS's. `watching` says whether state changes are wanted as effects. Jobs that
    ended are forgotten after `kept_ms`.
    """

    def __init__(
        self, *, slots: int | None = None, watching: bool = True, kept_ms: int | None = None
    ) -> None:
        self.jobs: dict[str, Job] = {}
        self.environments: dict[str, Environment] = {}
        self.consumables = Consumables()
        self._numbers = count(1)
        self._queues = queues = QueueSet()
        self._transitions = transitions = Transitions(watching=watching)
        self._retention = Retention(kept_ms)
        self._lifecycle = lifecycle = Lifecycle(transitions, self._retention, queues.enqueue)
        self._dependencies = Dependencies(self.jobs, transitions, lifecycle)
        self._attempts = attempts = Attempts(transitions, slots)
        self._container_jobs = ContainerJobs(queues, self.consumables, attempts, lifecycle)
        self._multi_node_jobs = MultiNodeJobs(queues, self.consumables, attempts, transitions, lifecycle)
        self._cancellation = Cancellation(queues, attempts, lifecycle)
        self._deadlines = Deadlines()
        self._time_limits = TimeLimits()
        self._dispatcher = Dispatcher(
            queues,
            self.consumables,
            attempts,
            self._container_jobs,
            self._multi_node_jobs,
            transitions,
            self._time_limits,
        )

    @property
    def queues(self) -> Mapping[str, Queue]:
        """The job queues by id."""
        return self._queues.by_id

    @property
    def listing(self) -> Listing:
        """The jobs of each queue by state."""
        return self._transitions.listing

    # Environments and queues

    def put_environment(self, spec: EnvironmentSpec, now: int) -> None:
        """Create or change a compute environment; running jobs stay where they are."""
        found = self.environments.get(spec.id)
        if found is None:
            self.environments[spec.id] = Environment(spec)
        else:
            found.spec = spec
        self._queues.wake_changed(spec.id)
        self._advance(now)

    def set_capacity(self, environment_id: str, available: bool, now: int) -> None:
        """Say whether EC2 has instances to give to an environment; those that run stay."""
        self.environments[environment_id].out_of_capacity = not available
        self._queues.wake_changed(environment_id)
        self._advance(now)

    def put_resource(self, name: str, total: int, replenishable: bool, now: int) -> None:
        """Create a consumable resource or change its total."""
        self.consumables.put(name, total, replenishable)
        self._queues.wake_all()
        self._advance(now)

    def remove_environment(self, environment_id: str) -> None:
        """Forget a compute environment that no queue uses."""
        self.environments.pop(environment_id, None)

    def put_queue(self, spec: QueueSpec, now: int) -> None:
        """Create or change a job queue; every environment in it has to be known (KeyError)."""
        self._queues.put(spec, [self.environments[each] for each in spec.environments])
        self._advance(now)

    def remove_queue(self, queue_id: str) -> None:
        """Forget a job queue that holds no unfinished job."""
        self._queues.remove(queue_id)

    def add_host(self, environment_id: str, host: Host, now: int) -> None:
        """Let an instance join an environment, as users' own instances do in an unmanaged one."""
        self.environments[environment_id].add_host(host.id, host.size, now)
        self._queues.wake(environment_id)
        self._advance(now)

    # Jobs

    def submit(self, job_id: str, spec: JobSpec, now: int) -> Job:
        """Take a job; KeyError for a queue or a dependency that is not known."""
        job = Job(job_id, next(self._numbers), spec, now)
        failed = self._dependencies.register(job)
        self.jobs[job_id] = job
        self.listing.add(job)
        self._dependencies.admit(job, failed, now)
        self._advance(now)
        return job

    def cancel(self, job: Job, index: int | None, reason: str, now: int) -> None:
        """Cancel what has not started of a job, or of one child or node."""
        self._cancellation.cancel(job, index, reason, now)
        self._advance(now)

    def terminate(self, job: Job, index: int | None, reason: str, now: int) -> None:
        """Stop what runs of a job, or of one child or node, and cancel the rest."""
        self._cancellation.terminate(job, index, reason, now)
        self._advance(now)

    # Reports of the runtime

    def started(self, job: Job, index: int, attempt: int, now: int) -> None:
        """Note that an attempt's container runs; a late report of an earlier attempt is ignored."""
        if not job.is_current(index, attempt) or job.states[index] != STARTING:
            return
        job.started[index] = now
        if not job.first_started:
            job.first_started = now
        self._transitions.move(job, index, RUNNING, now)
        if job.is_multi_node:
            self._multi_node_jobs.started(job, index, now)
        if job.spec.timeout_ms is not None and (not job.is_multi_node or index == job.spec.main_node):
            self._deadlines.add(job, index, attempt, now)

    def ended(self, job: Job, index: int, attempt: int, outcome: Outcome, now: int) -> None:
        """Note that an attempt is over; a late report of an earlier attempt is ignored."""
        if job.is_current(index, attempt):
            self._end(job, index, outcome, now)
            self._advance(now)

    def host_lost(self, host: Host, now: int, status_reason: str | None = None) -> None:
        """Note that an instance is gone with everything that ran on it."""
        host.environment.drop_host(host)
        reason = status_reason or _reason_of_loss(host)
        tasks = [(self.jobs[job_id], index) for job_id, index in host.tasks]
        for job, index in sorted(tasks, key=lambda task: (task[0].seq, task[1])):
            if index in job.reserved:
                self._multi_node_jobs.drop_reserved(job, index, reason, now)
            elif index in job.hosts:
                self._attempts.abandon(job, index)
                self._end(job, index, Outcome(None, None, reason), now)
        self._queues.wake(host.environment.spec.id)
        self._advance(now)

    def _end(self, job: Job, index: int, outcome: Outcome, now: int) -> None:
        if job.is_multi_node:
            self._multi_node_jobs.end(job, index, outcome, now)
        else:
            self._container_jobs.end(job, index, outcome, now)

    # Time

    def tick(self, now: int) -> None:
        """Let everything happen that is due at `now`."""
        for job, index in self._deadlines.due(now):
            self._attempts.stop(job, index, TIMED_OUT)
        for blocked in self._time_limits.due(now):
            self._cancellation.enforce_limit(blocked, now)
            self._advance(now)
        for job in self._retention.expired(now):
            self.jobs.pop(job.id, None)
            self.listing.remove(job)
        self._advance(now)

    def next_tick(self) -> int | None:
        """When `tick` has something to do; None while nothing is due at any known time."""
        due = (self._time_limits.next_due(), self._deadlines.first(), self._retention.next_due())
        return min((each for each in due if each is not None), default=None)

    def first_deadline(self) -> int | None:
        """The time of the first timeout or limit that was ever set and is not past, whether it still matters
        or not: quicker than `next_tick`.
        """
        first, limit = self._deadlines.first_entry(), self._time_limits.next_due()
        if limit is not None and (first is None or limit < first):
            return limit
        return first

    def _advance(self, now: int) -> None:
        if self._lifecycle.unsettled:
            self._dependencies.settle(now)
        self._dispatcher.dispatch(now)

    # Effects

    def watch(self, *, watching: bool) -> None:
        """Say whether state changes are wanted as effects from now on."""
        self._transitions.watching = watching

    def take_effects(self) -> list[Effect]:
        """What has to be done since the last call, in order."""
        transitions = self._transitions
        effects, transitions.effects = transitions.effects, []
        return effects


def _reason_of_loss(host: Host) -> str:
    spec = host.environment.spec
    return SPOT_TASK_INTERRUPTED if spec.is_fargate and spec.spot else HOST_LOST.format(host=host.id)
