"""All job queues: by id, in the order of their priority, and by the compute environments that they use."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scheduler.queues.fair_share import FairShare
from scheduler.queues.job_queue import Queue, QueueSpec
from scheduler.queues.run_queue import Fifo

if TYPE_CHECKING:
    from scheduler.capacity.hosts import Environment
    from scheduler.jobs.job import Job
    from scheduler.queues.run_queue import RunQueue


class QueueSet:
    """Queues, and which of them are tried again when capacity or a job appears."""

    def __init__(self) -> None:
        self.by_id: dict[str, Queue] = {}
        self.by_priority: list[Queue] = []
        self._by_environment: dict[str, list[Queue]] = {}

    def put(self, spec: QueueSpec, environments: list[Environment]) -> None:
        """Create or change a queue; what waits in it keeps its place."""
        found = self.by_id.get(spec.id)
        if found is None:
            self.by_id[spec.id] = Queue(spec, environments, _run_queue_of(spec))
        else:
            found.spec, found.environments = spec, environments
            found.head_blocked, found.explained = False, None
            if spec.fair and isinstance(found.run_queue, FairShare):
                found.run_queue.reweigh(spec.fair)
        self._reorder()

    def remove(self, queue_id: str) -> None:
        """Forget a queue that holds no unfinished job."""
        self.by_id.pop(queue_id, None)
        self._reorder()

    def enqueue(self, job: Job, now: int) -> None:
        """Add a job with a runnable child to its queue; KeyError for a queue that is not known."""
        queue = self.by_id[job.spec.queue]
        queue.run_queue.push(job, now)
        queue.head_blocked = False

    def charge(self, job: Job, milli_cpus: int, now: int) -> None:
        """Note the vCPUs that a job takes, or with a negative number gives back, for its queue's policy."""
        queue = self.by_id.get(job.spec.queue)
        if queue is not None and queue.spec.fair:
            queue.run_queue.charge(job, milli_cpus, now)

    def wake(self, environment_id: str) -> None:
        """Try again the queues that use a compute environment, which has room."""
        for queue in self._by_environment.get(environment_id, ()):
            queue.head_blocked = False

    def wake_changed(self, environment_id: str) -> None:
        """Try again the queues of an environment that has changed, and explain again why their heads wait."""
        for queue in self._by_environment.get(environment_id, ()):
            queue.head_blocked = False
            queue.explained = None

    def wake_all(self) -> None:
        """Try every queue again."""
        for queue in self.by_priority:
            queue.head_blocked = False

    def _reorder(self) -> None:
        self.by_priority = sorted(self.by_id.values(), key=lambda queue: -queue.spec.priority)
        self._by_environment = {}
        for queue in self.by_priority:
            for environment in queue.environments:
                self._by_environment.setdefault(environment.spec.id, []).append(queue)


def _run_queue_of(spec: QueueSpec) -> RunQueue:
    return FairShare(spec.fair) if spec.fair else Fifo()
