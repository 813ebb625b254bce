"""Single jobs and the children of arrays: each attempt has room on one host."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scheduler.states import FAILED, SUCCEEDED

if TYPE_CHECKING:
    from scheduler.capacity.consumables import Consumables
    from scheduler.capacity.hosts import Host
    from scheduler.dispatch.attempts import Attempts
    from scheduler.jobs.job import Job
    from scheduler.jobs.lifecycle import Lifecycle
    from scheduler.queues.job_queue import Queue
    from scheduler.queues.queue_set import QueueSet
    from scheduler.retry import Outcome


class ContainerJobs:
    """Places children one by one, and gives back what each of them took."""

    def __init__(
        self, queues: QueueSet, consumables: Consumables, attempts: Attempts, lifecycle: Lifecycle
    ) -> None:
        self._queues = queues
        self._consumables = consumables
        self._attempts = attempts
        self._lifecycle = lifecycle

    def try_start(self, queue: Queue, job: Job, index: int, now: int) -> bool:
        """Start a child in the first environment of its queue that has room; whether there was one."""
        spec = job.spec
        for environment in queue.environments:
            host = environment.place(spec.need, now)
            if host is not None:
                if spec.resources:
                    self._consumables.take(spec.resources)
                if queue.spec.fair:
                    queue.run_queue.charge(job, spec.need.milli_cpus, now)
                self._attempts.start(job, index, host, now)
                return True
        return False

    def end(self, job: Job, index: int, outcome: Outcome, now: int) -> None:
        """End an attempt: the child succeeds, fails, or gets another one."""
        host = job.hosts[index]
        status, reason, again = self._attempts.end(job, index, outcome, now)
        self._give_back(job, host, now)
        if status == SUCCEEDED:
            self._lifecycle.finish(job, index, SUCCEEDED, None, now)
        elif again:
            self._lifecycle.retry(job, index, reason, now)
        else:
            self._lifecycle.finish(job, index, FAILED, reason, now)

    def _give_back(self, job: Job, host: Host, now: int) -> None:
        spec, environment, queues = job.spec, host.environment, self._queues
        environment.release(host, spec.need)
        queue = queues.by_id.get(spec.queue)
        if queue is not None and queue.spec.fair:
            queue.run_queue.charge(job, -spec.need.milli_cpus, now)
        queues.wake(environment.spec.id)
        if spec.resources:
            self._consumables.give_back(spec.resources)
        if self._attempts.free_slots == 1 or spec.resources:
            queues.wake_all()
