"""What starts next: queue by queue, by their priority, as long as there is room."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scheduler.effects import QueueBlocked
from scheduler.queues.blocked import reason_for
from scheduler.queues.time_limits import BlockedChild

if TYPE_CHECKING:
    from scheduler.capacity.consumables import Consumables
    from scheduler.dispatch.attempts import Attempts
    from scheduler.dispatch.container_jobs import ContainerJobs
    from scheduler.dispatch.multi_node_jobs import MultiNodeJobs
    from scheduler.jobs.job import Job
    from scheduler.jobs.transitions import Transitions
    from scheduler.queues.job_queue import Queue
    from scheduler.queues.queue_set import QueueSet
    from scheduler.queues.time_limits import TimeLimits


class Dispatcher:
    """Starts what may start, and says why the head of a queue cannot."""

    def __init__(
        self,
        queues: QueueSet,
        consumables: Consumables,
        attempts: Attempts,
        container_jobs: ContainerJobs,
        multi_node_jobs: MultiNodeJobs,
        transitions: Transitions,
        time_limits: TimeLimits,
    ) -> None:
        self._queues = queues
        self._consumables = consumables
        self._attempts = attempts
        self._container_jobs = container_jobs
        self._multi_node_jobs = multi_node_jobs
        self._transitions = transitions
        self._time_limits = time_limits

    def dispatch(self, now: int) -> None:
        """Start everything that has room, the queues with the highest priority first."""
        for queue in self._queues.by_priority:
            if not queue.head_blocked:
                self._drain(queue, now)

    def _drain(self, queue: Queue, now: int) -> None:
        run_queue, attempts = queue.run_queue, self._attempts
        while attempts.free_slots > 0 and queue.has_room():
            popped = run_queue.pop(now)
            if popped is None:
                break
            job, index = popped
            if not self._try_start(queue, job, index, now):
                run_queue.requeue(job, index, now)
                self._explain(queue, job, index, now)
                break
        queue.head_blocked = True

    def _try_start(self, queue: Queue, job: Job, index: int, now: int) -> bool:
        spec = job.spec
        if spec.resources and not self._consumables.have(spec.resources):
            return False
        if queue.spec.fair and not queue.run_queue.allows(spec.need.milli_cpus, queue.capacity):
            return False
        if job.is_multi_node:
            return self._multi_node_jobs.try_start(queue, job, now)
        return self._container_jobs.try_start(queue, job, index, now)

    def _explain(self, queue: Queue, job: Job, index: int, now: int) -> None:
        """Say why the head of a queue cannot run, once a job, where AWS would know the reason."""
        if queue.explained is job:
            return
        queue.explained = job
        queue.blocked_by = None
        reason = reason_for(queue.environments, job.spec.whole_need)
        if reason is None:
            return
        queue.blocked_by = (job, index)
        job.reasons[index] = reason
        self._transitions.effects.append(QueueBlocked(job, index, now, reason))
        for pattern, after in queue.spec.time_limits:
            if reason.startswith(pattern):
                self._time_limits.add(BlockedChild(queue, job, index), now + after)
