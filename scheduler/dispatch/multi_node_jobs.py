"""Multi-node parallel jobs: all nodes have hosts at once, and follow the main node.

https://docs.aws.amazon.com/batch/latest/userguide/job-lifecycle.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from scheduler.reasons import MAIN_NODE_ENDED
from scheduler.retry import Outcome
from scheduler.states import FAILED, RUNNING, STARTING

if TYPE_CHECKING:
    from scheduler.capacity.consumables import Consumables
    from scheduler.capacity.hosts import Environment, Host
    from scheduler.dispatch.attempts import Attempts
    from scheduler.jobs.job import Job
    from scheduler.jobs.lifecycle import Lifecycle
    from scheduler.jobs.transitions import Transitions
    from scheduler.queues.job_queue import Queue
    from scheduler.queues.queue_set import QueueSet


class MultiNodeJobs:
    """Places all nodes of a job together, and ends them together."""

    def __init__(
        self,
        queues: QueueSet,
        consumables: Consumables,
        attempts: Attempts,
        transitions: Transitions,
        lifecycle: Lifecycle,
    ) -> None:
        self._queues = queues
        self._consumables = consumables
        self._attempts = attempts
        self._transitions = transitions
        self._lifecycle = lifecycle

    # The start

    def try_start(self, queue: Queue, job: Job, now: int) -> bool:
        """Take a host for each node, all in one environment, and start the main node; spot is not for
        them.
        """
        for environment in queue.environments:
            if environment.spec.spot or not environment.spec.managed:
                continue
            hosts = _place_all(environment, job, now)
            if hosts is not None:
                self._start(queue, job, hosts, now)
                return True
        return False

    def _start(self, queue: Queue, job: Job, hosts: list[Host], now: int) -> None:
        self._consumables.take(job.spec.resources)
        queue.run_queue.charge(job, _milli_cpus(job), now)
        for node, host in enumerate(hosts):
            job.reserved[node] = host
            host.tasks.add((job.id, node))
        main = job.spec.main_node
        self._attempts.start(job, main, job.reserved.pop(main), now)
        self._transitions.move_parent(job, STARTING, now)

    def started(self, job: Job, node: int, now: int) -> None:
        """Start the other nodes once the main node runs."""
        if node != job.spec.main_node:
            return
        self._transitions.move_parent(job, RUNNING, now)
        for other in sorted(job.reserved):
            self._attempts.start(job, other, job.reserved.pop(other), now)

    # The end

    def end(self, job: Job, node: int, outcome: Outcome, now: int) -> None:
        """End a node's attempt; what becomes of the job is for the main node's to say."""
        host = job.hosts[node]
        status, reason, again = self._attempts.end(job, node, outcome, now)
        self._give_back(job, node, host)
        is_main = node == job.spec.main_node
        job.node_ends[node] = status
        if status == FAILED:
            job.reasons[node] = reason
            job.retry_nodes = again if is_main else job.retry_nodes
        if is_main:
            self._stop_others(job, now)
        else:
            self._show_end(job, node, now)
        if not job.hosts and not job.reserved:
            self._end_job(job, now)

    def drop_reserved(self, job: Job, node: int, reason: str, now: int) -> None:
        """End a node that waited for the main node: it never starts."""
        host = job.reserved.pop(node)
        host.tasks.discard((job.id, node))
        host.environment.release_whole(host, job.spec.nodes[node])
        job.attempts[node] += 1
        self._attempts.record(job, node, Outcome(None, None, reason), host, now)
        job.node_ends[node] = FAILED
        job.reasons[node] = reason
        self._show_end(job, node, now)

    def _give_back(self, job: Job, node: int, host: Host) -> None:
        host.environment.release_whole(host, job.spec.nodes[node])
        self._queues.wake(host.environment.spec.id)
        if self._attempts.free_slots == 1 or job.spec.resources:
            self._queues.wake_all()

    def _stop_others(self, job: Job, now: int) -> None:
        for node in sorted(job.reserved):
            self.drop_reserved(job, node, MAIN_NODE_ENDED, now)
        for node in sorted(job.hosts):
            self._attempts.stop(job, node, MAIN_NODE_ENDED)

    def _end_job(self, job: Job, now: int) -> None:
        """All nodes are over: the job ends as its main node did, or is tried again."""
        self._queues.charge(job, -_milli_cpus(job), now)
        self._consumables.give_back(job.spec.resources)
        if job.retry_nodes:
            job.retry_nodes = False
            job.node_ends.clear()
            self._lifecycle.retry_nodes(job, now)
            return
        for node in range(job.size):
            self._show_end(job, node, now)
        job.node_ends.clear()
        job.unfinished = 0
        self._lifecycle.finish_job(job, now)

    def _show_end(self, job: Job, node: int, now: int) -> None:
        """Nodes become SUCCEEDED or FAILED as they exit, the main node when the job is not tried again."""
        status = job.node_ends[node]
        if job.states[node] != status:
            job.stopped[node] = now
            self._transitions.move(job, node, status, now)


def _place_all(environment: Environment, job: Job, now: int) -> list[Host] | None:
    hosts: list[Host] = []
    for need in job.spec.nodes:
        host = environment.place_whole(need, now)
        if host is None:
            break
        hosts.append(host)
    if len(hosts) == job.size:
        return hosts
    for host, need in zip(hosts, job.spec.nodes, strict=False):
        environment.release_whole(host, need)
    return None


def _milli_cpus(job: Job) -> int:
    return sum(need.milli_cpus for need in job.spec.nodes)
