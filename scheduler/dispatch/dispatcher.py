"""From RUNNABLE to the end of an attempt: who starts where, and whether it is tried again.

The middle layer of the scheduler: it knows queues, environments and attempts.
"""

from __future__ import annotations

from heapq import heappush

from scheduler.capacity.consumables import Stocks
from scheduler.capacity.hosts import Environment, Host
from scheduler.dispatch.deadlines import Deadlines
from scheduler.effects import QueueBlocked, StartAttempt, StopAttempt
from scheduler.jobs.job import Attempt, Job
from scheduler.jobs.lifecycle import Lifecycle
from scheduler.queues.blocked import reason_for
from scheduler.queues.job_queue import Queue
from scheduler.reasons import EXITED, MAIN_NODE_ENDED
from scheduler.retry import Outcome, is_retried
from scheduler.states import FAILED, RUNNABLE, RUNNING, STARTING, SUCCEEDED


class Dispatch(Lifecycle):
    """Jobs, queues and environments; `slots` bounds how many attempts are under way at once."""

    def __init__(self, *, slots: int | None, watching: bool, kept_ms: int | None) -> None:
        super().__init__(watching=watching, kept_ms=kept_ms)
        self.environments: dict[str, Environment] = {}
        self.stocks = Stocks()
        self._slots = slots if slots is not None else 1 << 60
        self._by_priority: list[Queue] = []
        self._users: dict[str, list[Queue]] = {}
        self._sequence = 0
        self._deadlines = Deadlines()
        self._limits: list[tuple[int, int, Queue, Job, int]] = []

    # From RUNNABLE to RUNNING

    def _advance(self, now: int) -> None:
        self._settle(now)
        for queue in self._by_priority:
            if not queue.stuck:
                self._drain(queue, now)

    def _drain(self, queue: Queue, now: int) -> None:
        line = queue.line
        while self._slots > 0 and queue.has_room():
            taken = line.take(now)
            if taken is None:
                break
            job, index = taken
            if not self._try_start(queue, job, index, now):
                line.put_back(job, index, now)
                self._explain(queue, job, index, now)
                break
        queue.stuck = True

    def _try_start(self, queue: Queue, job: Job, index: int, now: int) -> bool:
        spec = job.spec
        if spec.resources and not self.stocks.have(spec.resources):
            return False
        if queue.spec.fair and not queue.line.allows(spec.need.milli_cpus, queue.capacity):
            return False
        if job.is_gang:
            return self._try_gang(queue, job, now)
        for environment in queue.environments:
            host = environment.place(spec.need, now)
            if host is not None:
                if spec.resources:
                    self.stocks.take(spec.resources)
                if queue.spec.fair:
                    queue.line.used(job, spec.need.milli_cpus, now)
                self._start(job, index, host, now)
                return True
        return False

    def _start(self, job: Job, index: int, host: Host, now: int) -> None:
        self._slots -= 1
        job.hosts[index] = host
        host.tasks.add((job, index))
        if job.reasons:
            job.reasons.pop(index, None)
        self._set(job, index, STARTING, now)
        self.effects.append(StartAttempt(job, index, job.attempts[index] + 1, host))

    # From RUNNING to the end

    def _end(self, job: Job, index: int, outcome: Outcome, now: int) -> None:
        host = job.hosts.pop(index)
        host.tasks.discard((job, index))
        self._give_back(job, index, host, now)
        stopped_for = job.stopping.pop(index, None) if job.stopping else None
        job.attempts[index] += 1
        if outcome.exit_code == 0 and stopped_for in (None, MAIN_NODE_ENDED):
            if job.attempts[index] > 1 or job.is_gang:
                self._record(job, index, outcome._replace(status_reason=EXITED), host, now)
            self._over(job, index, SUCCEEDED, None, now)
            return
        status_reason = stopped_for or outcome.status_reason or EXITED
        outcome = outcome._replace(status_reason=status_reason)
        self._record(job, index, outcome, host, now)
        again = stopped_for is None and is_retried(job.spec.retry, job.attempts[index], outcome)
        if job.is_gang:
            job.gang_retry = again if index == job.spec.main_node else job.gang_retry
            self._over(job, index, FAILED, status_reason, now)
        elif again:
            self._again(job, index, status_reason, now)
        else:
            self._finish(job, index, FAILED, status_reason, now)

    def _over(self, job: Job, index: int, status: int, reason: str | None, now: int) -> None:
        if not job.is_gang:
            self._finish(job, index, status, reason, now)
            return
        job.node_ends[index] = status
        if reason is not None:
            job.reasons[index] = reason
        if index != job.spec.main_node:
            self._set_node(job, index, now)
        self._end_node(job, index, now)

    def _again(self, job: Job, index: int, reason: str, now: int) -> None:
        job.started[index] = 0
        job.reasons[index] = reason
        self._set(job, index, RUNNABLE, now)
        job.ready.append(index)
        self._line_up(job, now)

    def _record(self, job: Job, index: int, outcome: Outcome, host: Host, now: int) -> None:
        attempt = Attempt(
            job.started[index], now, outcome.exit_code, outcome.reason, outcome.status_reason, host.id
        )
        job.history.setdefault(index, []).append(attempt)

    def _give_back(self, job: Job, index: int, host: Host, now: int) -> None:
        self._slots += 1
        environment, spec = host.environment, job.spec
        if job.is_gang:
            environment.release_whole(host, spec.nodes[index])
        else:
            environment.release(host, spec.need)
            queue = self.queues.get(spec.queue)
            if queue is not None and queue.spec.fair:
                queue.line.used(job, -spec.need.milli_cpus, now)
        self._wake(environment.spec.id)
        if spec.resources and not job.is_gang:
            self.stocks.give_back(spec.resources)
        if self._slots == 1 or spec.resources:
            self._wake_all()

    def _stop(self, job: Job, index: int, reason: str) -> None:
        if index not in job.stopping and index in job.hosts:
            job.stopping[index] = reason
            self.effects.append(StopAttempt(job, index, job.attempts[index] + 1))

    # Multi-node parallel jobs: https://docs.aws.amazon.com/batch/latest/userguide/job-lifecycle.html

    def _try_gang(self, queue: Queue, job: Job, now: int) -> bool:
        """Find a host for each node, all in one environment, and start the main node; spot is not for
        them.
        """
        for environment in queue.environments:
            if environment.spec.spot or not environment.spec.managed:
                continue
            hosts: list[Host] = []
            for need in job.spec.nodes:
                host = environment.place_whole(need, now)
                if host is None:
                    break
                hosts.append(host)
            if len(hosts) == job.size:
                self._start_gang(queue, job, hosts, now)
                return True
            for host, need in zip(hosts, job.spec.nodes, strict=False):
                environment.release_whole(host, need)
        return False

    def _start_gang(self, queue: Queue, job: Job, hosts: list[Host], now: int) -> None:
        self.stocks.take(job.spec.resources)
        queue.line.used(job, sum(need.milli_cpus for need in job.spec.nodes), now)
        for node, host in enumerate(hosts):
            job.reserved[node] = host
            host.tasks.add((job, node))
        main = job.spec.main_node
        self._start(job, main, job.reserved.pop(main), now)
        self._set_parent(job, STARTING, now)

    def _start_children(self, job: Job, index: int, now: int) -> None:
        """The other nodes start once the main node runs."""
        if index != job.spec.main_node:
            return
        self._set_parent(job, RUNNING, now)
        for node in sorted(job.reserved):
            self._start(job, node, job.reserved.pop(node), now)

    def _drop_reserved(self, job: Job, node: int, reason: str, now: int) -> None:
        """A node that waited for the main node never starts."""
        host = job.reserved.pop(node)
        host.tasks.discard((job, node))
        host.environment.release_whole(host, job.spec.nodes[node])
        job.attempts[node] += 1
        self._record(job, node, Outcome(None, None, reason), host, now)
        job.node_ends[node] = FAILED
        job.reasons[node] = reason
        self._set_node(job, node, now)

    def _end_node(self, job: Job, index: int, now: int) -> None:
        """Once the main node is over the others are stopped; once all are over the job is, or is tried
        again.
        """
        main = job.spec.main_node
        if index == main:
            for node in sorted(job.reserved):
                self._drop_reserved(job, node, MAIN_NODE_ENDED, now)
            for node in sorted(job.hosts):
                self._stop(job, node, MAIN_NODE_ENDED)
        if job.hosts or job.reserved:
            return
        queue = self.queues.get(job.spec.queue)
        if queue is not None:
            queue.line.used(job, -sum(need.milli_cpus for need in job.spec.nodes), now)
        self.stocks.give_back(job.spec.resources)
        if job.gang_retry:
            job.gang_retry = False
            job.node_ends.clear()
            for node in range(job.size):
                job.started[node] = job.stopped[node] = 0
                self._set(job, node, RUNNABLE, now)
            self._gather(job, now)
            return
        for node in range(job.size):
            self._set_node(job, node, now)
        job.node_ends.clear()
        job.left = 0
        self._finish_parent(job, now)

    def _set_node(self, job: Job, node: int, now: int) -> None:
        """Nodes become SUCCEEDED or FAILED as they exit, the main node when the job is not tried again."""
        status = job.node_ends[node]
        if job.states[node] != status:
            job.stopped[node] = now
            self._set(job, node, status, now)

    # Queues that wait, and queues that are blocked

    def _explain(self, queue: Queue, job: Job, index: int, now: int) -> None:
        """Say why the head of a queue cannot run, once a job, where AWS would know the reason."""
        if queue.checked is job:
            return
        queue.checked = job
        queue.blocked = None
        reason = reason_for(queue.environments, job.spec.whole_need)
        if reason is None:
            return
        queue.blocked = (job, index)
        job.reasons[index] = reason
        self.effects.append(QueueBlocked(job, index, now, reason))
        for pattern, after in queue.spec.time_limits:
            if reason.startswith(pattern):
                self._sequence += 1
                heappush(self._limits, (now + after, self._sequence, queue, job, index))

    def _wake(self, environment_id: str) -> None:
        for queue in self._users.get(environment_id, ()):
            queue.stuck = False

    def _wake_all(self) -> None:
        for queue in self._by_priority:
            queue.stuck = False
