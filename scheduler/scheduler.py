"""AWS Batch's rules as a pure, deterministic core: commands in, effects out, time handed in with each
command.

It does no I/O, starts no thread and reads no clock. The wall-clock runtime (`runner.py`) and the simulation
(`simulate.py`) drive the same object. All times are milliseconds.

Each transition costs O(1), or O(log n) where a heap is involved; nothing scans the jobs. This is the top
layer, the commands; `dispatch.py` starts and ends attempts, `lifecycle.py` moves jobs from state to state.
"""

from __future__ import annotations

from heapq import heappop
from typing import TYPE_CHECKING

from scheduler.capacity.hosts import Environment, EnvironmentSpec, Host
from scheduler.dispatch.dispatcher import Dispatch
from scheduler.effects import Effect, StopAttempt
from scheduler.jobs.job import Job
from scheduler.queues.fair_share import FairShare
from scheduler.queues.job_queue import Queue, QueueSpec
from scheduler.queues.run_queue import Fifo, Line
from scheduler.reasons import HOST_LOST, LIMIT_REACHED, SPOT_TASK_INTERRUPTED, TIMED_OUT
from scheduler.retry import Outcome
from scheduler.states import FAILED, RUNNABLE, RUNNING, STARTING, SUCCEEDED

if TYPE_CHECKING:
    from collections.abc import Iterable

    from scheduler.spec import JobSpec


class Scheduler(Dispatch):
    """The jobs of one account and Region, and what becomes of them.

    `slots` bounds how many attempts are under way at once, whatever the environments' `maxvCpus` say: it is
    the machine's limit, not AWS's. `watching` says whether state changes are wanted as effects. Jobs that
    ended are forgotten after `kept_ms`.
    """

    def __init__(
        self, *, slots: int | None = None, watching: bool = True, kept_ms: int | None = None
    ) -> None:
        super().__init__(slots=slots, watching=watching, kept_ms=kept_ms)

    # Environments and queues

    def put_environment(self, spec: EnvironmentSpec, now: int) -> None:
        """Create or change a compute environment; running jobs stay where they are."""
        found = self.environments.get(spec.id)
        if found is None:
            self.environments[spec.id] = Environment(spec)
        else:
            found.spec = spec
        self._wake(spec.id)
        for queue in self._users.get(spec.id, ()):
            queue.checked = None
        self._advance(now)

    def set_capacity(self, environment_id: str, available: bool, now: int) -> None:
        """Say whether EC2 has instances to give to an environment; those that run stay."""
        self.environments[environment_id].starved = not available
        self._wake(environment_id)
        for queue in self._users.get(environment_id, ()):
            queue.checked = None
        self._advance(now)

    def put_resource(self, name: str, total: int, replenishable: bool, now: int) -> None:
        """Create a consumable resource or change its total."""
        self.stocks.put(name, total, replenishable)
        self._wake_all()
        self._advance(now)

    def remove_environment(self, environment_id: str) -> None:
        """Forget a compute environment that no queue uses."""
        self.environments.pop(environment_id, None)

    def put_queue(self, spec: QueueSpec, now: int) -> None:
        """Create or change a job queue; every environment in it has to be known (KeyError)."""
        environments = [self.environments[each] for each in spec.environments]
        found = self.queues.get(spec.id)
        if found is None:
            line: Line = FairShare(spec.fair) if spec.fair else Fifo()
            self.queues[spec.id] = Queue(spec, environments, line)
        else:
            found.spec, found.environments, found.stuck, found.checked = spec, environments, False, None
            if spec.fair and isinstance(found.line, FairShare):
                found.line.reweigh(spec.fair)
        self._reorder()
        self._advance(now)

    def remove_queue(self, queue_id: str) -> None:
        """Forget a job queue that holds no unfinished job."""
        self.queues.pop(queue_id, None)
        self._reorder()

    def add_host(self, environment_id: str, host: Host, now: int) -> None:
        """Let an instance join an environment, as users' own instances do in an unmanaged one."""
        self.environments[environment_id].add_host(host.id, host.size, now)
        self._wake(environment_id)
        self._advance(now)

    def set_slots(self, more: int, now: int) -> None:
        """Allow `more` (or with a negative number: fewer) attempts at once."""
        self._slots += more
        self._wake_all()
        self._advance(now)

    def _reorder(self) -> None:
        self._by_priority = sorted(self.queues.values(), key=lambda queue: -queue.spec.priority)
        self._users = {}
        for queue in self._by_priority:
            for environment in queue.environments:
                self._users.setdefault(environment.spec.id, []).append(queue)

    # Jobs

    def submit(self, job_id: str, spec: JobSpec, now: int) -> Job:
        """Take a job; KeyError for a queue or a dependency that is not known."""
        self._sequence += 1
        job = Job(job_id, self._sequence, spec, now)
        self._depend(job)
        self.jobs[job_id] = job
        self.listing.add(job)
        self._enter(job, now)
        self._advance(now)
        return job

    def started(self, job: Job, index: int, attempt: int, now: int) -> None:
        """Learn that an attempt's container runs; a late message about an earlier attempt is ignored."""
        if not job.is_current(index, attempt) or job.states[index] != STARTING:
            return
        job.started[index] = now
        if not job.first_started:
            job.first_started = now
        self._set(job, index, RUNNING, now)
        if job.is_gang:
            self._start_children(job, index, now)
        if job.spec.timeout_ms is not None and (not job.is_gang or index == job.spec.main_node):
            self._deadlines.add(job, index, attempt, now)

    def ended(self, job: Job, index: int, attempt: int, outcome: Outcome, now: int) -> None:
        """Learn that an attempt is over; a late message about an earlier attempt is ignored."""
        if job.is_current(index, attempt):
            self._end(job, index, outcome, now)
            self._advance(now)

    def cancel(self, job: Job, index: int | None, reason: str, now: int) -> None:
        """Cancel what has not started: runnable jobs at once, pending ones when their dependencies are done.

        https://docs.aws.amazon.com/batch/latest/APIReference/API_CancelJob.html
        """
        if job.is_gang and job.hosts:
            return
        for each in self._targets(job, index):
            if job.has_unstarted(each):
                self._cancel_one(job, each, reason, now)
        if index is None and job.has_parent and not job.is_over:
            job.cancelled[-1] = reason
        self._advance(now)

    def _cancel_one(self, job: Job, index: int, reason: str, now: int) -> None:
        if job.states[index] == RUNNABLE or not job.waits(index):
            job.cancelled[index] = reason
            self._finish(job, index, FAILED, reason, now)
            queue = self.queues.get(job.spec.queue)
            if queue is not None:
                # It may have been the head that kept the others waiting.
                queue.stuck = False
        else:
            # "A PENDING job is canceled after all dependency jobs are completed."
            job.cancelled[index] = reason

    def terminate(self, job: Job, index: int | None, reason: str, now: int) -> None:
        """Stop what runs and cancel what does not; neither is tried again.

        https://docs.aws.amazon.com/batch/latest/APIReference/API_TerminateJob.html
        """
        for each in self._targets(job, index):
            if job.states[each] >= SUCCEEDED:
                continue
            job.terminated[each] = reason
            if job.is_gang and job.hosts:
                # The others follow the main node.
                self._stop(job, job.spec.main_node, reason)
            elif job.states[each] in (STARTING, RUNNING):
                self._stop(job, each, reason)
            else:
                self._cancel_one(job, each, reason, now)
        if index is None and job.has_parent and not job.is_over:
            job.terminated[-1] = reason
        self._advance(now)

    def _targets(self, job: Job, index: int | None) -> Iterable[int]:
        return range(job.size) if index is None or job.is_gang else (index,)

    def host_lost(self, host: Host, now: int, status_reason: str | None = None) -> None:
        """Learn that an instance is gone with everything that ran on it."""
        host.environment.drop_host(host)
        reason = status_reason or _reason_of_loss(host)
        for job, index in sorted(host.tasks, key=lambda task: (task[0].seq, task[1])):
            if index in job.reserved:
                self._drop_reserved(job, index, reason, now)
            elif index in job.hosts:
                self.effects.append(StopAttempt(job, index, job.attempts[index] + 1))
                self._end(job, index, Outcome(None, None, reason), now)
        self._wake(host.environment.spec.id)
        self._advance(now)

    # Time

    def tick(self, now: int) -> None:
        """Let everything happen that is due at `now`."""
        for late, child, _ in self._deadlines.due(now):
            self._stop(late, child, TIMED_OUT)
        while self._limits and self._limits[0][0] <= now:
            _, _, queue, job, index = heappop(self._limits)
            self._act_on_limit(queue, job, index, now)
        self._forget_old(now)
        self._advance(now)

    def _act_on_limit(self, queue: Queue, job: Job, index: int, now: int) -> None:
        if queue.blocked != (job, index) or job.states[index] != RUNNABLE:
            return
        code = job.reasons.get(index, "").partition(" - ")[0]
        queue.checked = queue.blocked = None
        self.cancel(job, index, LIMIT_REACHED.format(reason=code), now)

    def _forget_old(self, now: int) -> None:
        while self._kept_ms is not None and self._ended and self._ended[0].stopped_at + self._kept_ms <= now:
            job = self._ended.popleft()
            self.jobs.pop(job.id, None)
            self.listing.remove(job)

    def next_tick(self) -> int | None:
        """When `tick` has something to do; None while nothing is due at any known time."""
        due = [self._limits[0][0]] if self._limits else []
        first = self._deadlines.first()
        if first is not None:
            due.append(first)
        if self._ended and self._kept_ms is not None:
            due.append(self._ended[0].stopped_at + self._kept_ms)
        return min(due, default=None)

    def first_deadline(self) -> int | None:
        """The time of the first timeout or limit that was ever set and is not past, whether it still matters
        or not.
        """
        first, limits = self._deadlines.first_entry(), self._limits
        if limits and (first is None or limits[0][0] < first):
            return limits[0][0]
        return first

    # Effects

    def watch(self, *, watching: bool) -> None:
        """Say whether state changes are wanted as effects from now on."""
        self._watching = watching

    def take_effects(self) -> list[Effect]:
        """What has to be done since the last call, in order."""
        effects, self.effects = self.effects, []
        return effects


def _reason_of_loss(host: Host) -> str:
    spec = host.environment.spec
    on_fargate = spec.managed and not spec.sizes
    return SPOT_TASK_INTERRUPTED if on_fargate and spec.spot else HOST_LOST.format(host=host.id)
