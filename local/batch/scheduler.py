"""AWS Batch's rules as a pure, deterministic core: commands in, effects out, time handed in with each command.

It does no I/O, starts no thread and reads no clock. The wall-clock runtime (`runner.py`) and the simulation
(`simulate.py`) drive the same object. All times are milliseconds.

Each transition costs O(1), or O(log n) where a heap is involved; nothing scans the jobs.
"""

from __future__ import annotations

from collections import deque
from heapq import heappop, heappush
from typing import TYPE_CHECKING

from local.batch.blocked import reason_for
from local.batch.deadlines import Deadlines
from local.batch.effects import Effect, QueueBlocked, StartAttempt, StateChange, StopAttempt
from local.batch.fair_share import FairShare
from local.batch.hosts import Environment, EnvironmentSpec, Host
from local.batch.job import EXITED, Attempt, Job
from local.batch.job_queue import Queue, QueueSpec
from local.batch.line import Fifo, Line
from local.batch.listing import Listing
from local.batch.retry import Outcome, is_retried
from local.batch.states import FAILED, PENDING, RUNNABLE, RUNNING, STARTING, SUBMITTED, SUCCEEDED
from local.batch.stock import Stocks

if TYPE_CHECKING:
    from collections.abc import Iterable

    from local.batch.spec import JobSpec

# The words that AWS Batch puts into statusReason.
TIMED_OUT = "Job attempt duration exceeded timeout"
DEPENDENCY_FAILED = "Dependent Job failed"
HOST_LOST = "Host EC2 (instance {host}) terminated."
LIMIT_REACHED = "Canceled by JobStateTimeLimit action due to reason: {reason}"
MAIN_NODE_ENDED = "Main node of the multi-node parallel job exited"


class Scheduler:
    """The jobs of one account and Region, and what becomes of them.

    `slots` bounds how many attempts are under way at once, whatever the environments' `maxvCpus` say: it is the
    machine's limit, not AWS's. `watching` says whether state changes are wanted as effects. Jobs that ended are
    forgotten after `kept_ms`.
    """

    def __init__(self, *, slots: int | None = None, watching: bool = True, kept_ms: int | None = None) -> None:
        self.jobs: dict[str, Job] = {}
        self.effects: list[Effect] = []
        self.listing = Listing()
        self.queues: dict[str, Queue] = {}
        self.environments: dict[str, Environment] = {}
        self._watching = watching
        self._slots = slots if slots is not None else 1 << 60
        self._by_priority: list[Queue] = []
        self._users: dict[str, list[Queue]] = {}
        self._sequence = 0
        self._deadlines = Deadlines()
        self._settled: deque[tuple[Job, int | None]] = deque()
        self._limits: list[tuple[int, int, Queue, Job, int]] = []
        self._ended: deque[Job] = deque()
        self._kept_ms = kept_ms
        self.stocks = Stocks()

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

    def host_lost(self, host: Host, now: int, status_reason: str | None = None) -> None:
        """Learn that an instance is gone with everything that ran on it."""
        host.environment.drop_host(host)
        reason = status_reason or HOST_LOST.format(host=host.id)
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
        """The time of the first timeout or limit that was ever set and is not past, whether it still matters or not."""
        first, limits = self._deadlines.first_entry(), self._limits
        if limits and (first is None or limits[0][0] < first):
            return limits[0][0]
        return first

    def _forget_old(self, now: int) -> None:
        while self._kept_ms is not None and self._ended and self._ended[0].stopped_at + self._kept_ms <= now:
            job = self._ended.popleft()
            self.jobs.pop(job.id, None)
            self.listing.remove(job)

    def watch(self, *, watching: bool) -> None:
        """Say whether state changes are wanted as effects from now on."""
        self._watching = watching

    def take_effects(self) -> list[Effect]:
        """What has to be done since the last call, in order."""
        effects, self.effects = self.effects, []
        return effects

    # From SUBMITTED to RUNNABLE

    def _depend(self, job: Job) -> None:
        spec = job.spec
        parents = [(self.jobs[each.job_id], each.child_by_child) for each in spec.depends_on]
        if spec.sequential or any(child_by_child for _, child_by_child in parents):
            job.blocked = bytearray(job.size)
        if spec.sequential and job.blocked is not None:
            for index in range(1, job.size):
                job.blocked[index] += 1
        for parent, child_by_child in parents:
            if child_by_child:
                self._pair(parent, job)
            elif not parent.is_over:
                parent.dependents.append(job)
                job.waiting += 1
            elif parent.status == FAILED:
                job.stopping[-1] = DEPENDENCY_FAILED

    def _pair(self, parent: Job, job: Job) -> None:
        assert job.blocked is not None  # noqa: S101 - narrows the type; `_depend` made it
        parent.pairs.append(job)
        for index, state in enumerate(parent.states):
            if state == FAILED:
                job.stopping[index] = DEPENDENCY_FAILED
            elif state != SUCCEEDED:
                job.blocked[index] += 1

    def _enter(self, job: Job, now: int) -> None:
        if job.has_parent:
            self._set_parent(job, PENDING, now)
        doom = job.spec.doomed or job.stopping.pop(-1, None)
        if doom is not None:
            self._fail_all(job, doom, now)
            return
        doomed = dict(job.stopping)
        job.stopping.clear()
        if job.waiting == 0 and job.blocked is None and not doomed:
            self._release_all(job, now)
            return
        for index in range(job.size):
            if index in doomed:
                self._set_pending(job, index, now)
                self._finish(job, index, FAILED, doomed[index], now)
                continue
            if job.is_array or job.waits(index):
                self._set_pending(job, index, now)
            if not job.waits(index) and job.states[index] <= PENDING:
                self._release(job, index, now)

    def _set_pending(self, job: Job, index: int, now: int) -> None:
        if job.states[index] == SUBMITTED:
            self._set(job, index, PENDING, now)

    def _release_all(self, job: Job, now: int) -> None:
        if job.is_array and not job.cancelled:
            self._release_array(job, now)
            return
        for index in range(job.size):
            if not job.waits(index) and job.states[index] <= PENDING:
                self._release(job, index, now)

    def _release_array(self, job: Job, now: int) -> None:
        """All children of an array become runnable in one stroke."""
        if job.blocked is not None or job.counts[SUBMITTED] + job.counts[PENDING] != job.size:
            for index in range(job.size):
                if job.states[index] <= PENDING and not job.waits(index):
                    self._release(job, index, now)
            return
        if self._watching:
            if job.counts[SUBMITTED]:
                self._tell_all(job, PENDING, now)
            self._tell_all(job, RUNNABLE, now)
        job.states = bytearray([RUNNABLE]) * job.size
        job.counts = [0, 0, job.size, 0, 0, 0, 0]
        job.release_all()
        self._line_up(job, now)

    def _release(self, job: Job, index: int, now: int) -> None:
        if index in job.cancelled:
            self._finish(job, index, FAILED, job.cancelled[index], now)
            return
        self._set(job, index, RUNNABLE, now)
        if job.is_gang:
            self._gather(job, now)
        else:
            job.ready.append(index)
            self._line_up(job, now)

    def _gather(self, job: Job, now: int) -> None:
        """A multi-node job stands in line once, for its main node, when all its nodes are runnable."""
        if job.counts[RUNNABLE] == job.size:
            self._set_parent(job, RUNNABLE, now)
            job.ready.append(job.spec.main_node)
            self._line_up(job, now)

    def _line_up(self, job: Job, now: int) -> None:
        queue = self.queues[job.spec.queue]
        queue.line.add(job, now)
        queue.stuck = False

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

    # Multi-node parallel jobs: https://docs.aws.amazon.com/batch/latest/userguide/job-lifecycle.html

    def _try_gang(self, queue: Queue, job: Job, now: int) -> bool:
        """Find a host for each node, all in one environment, and start the main node; spot is not for them."""
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
        """Once the main node is over the others are stopped; once all are over the job is, or is tried again."""
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

    # Queues that are blocked

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

    def _act_on_limit(self, queue: Queue, job: Job, index: int, now: int) -> None:
        if queue.blocked != (job, index) or job.states[index] != RUNNABLE:
            return
        code = job.reasons.get(index, "").partition(" - ")[0]
        queue.checked = queue.blocked = None
        self.cancel(job, index, LIMIT_REACHED.format(reason=code), now)

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

    def _set_node(self, job: Job, node: int, now: int) -> None:
        """Nodes become SUCCEEDED or FAILED as they exit, the main node when the job is not tried again."""
        status = job.node_ends[node]
        if job.states[node] != status:
            job.stopped[node] = now
            self._set(job, node, status, now)

    def _again(self, job: Job, index: int, reason: str, now: int) -> None:
        job.started[index] = 0
        job.reasons[index] = reason
        self._set(job, index, RUNNABLE, now)
        job.ready.append(index)
        self._line_up(job, now)

    def _record(self, job: Job, index: int, outcome: Outcome, host: Host, now: int) -> None:
        attempt = Attempt(job.started[index], now, outcome.exit_code, outcome.reason, outcome.status_reason, host.id)
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

    def _finish(self, job: Job, index: int, status: int, reason: str | None, now: int) -> None:
        job.stopped[index] = now
        if reason is not None:
            job.reasons[index] = reason
        elif job.reasons:
            job.reasons.pop(index, None)
        self._set(job, index, status, now)
        job.left -= 1
        if job.pairs or job.blocked is not None:
            self._settled.append((job, index))
        if job.left == 0:
            self._finish_parent(job, now)

    def _finish_parent(self, job: Job, now: int) -> None:
        job.stopped_at = now
        if job.has_parent:
            job.status_reason = self._parent_reason(job)
            self._set_parent(job, job.final_status(), now)
        if job.dependents:
            self._settled.append((job, None))
        if self._kept_ms is not None:
            self._ended.append(job)

    def _parent_reason(self, job: Job) -> str | None:
        asked = job.terminated.get(-1) or job.cancelled.get(-1)
        if job.is_gang:
            return job.status_reason or job.reasons.get(job.spec.main_node) or asked
        return asked or job.status_reason or ("Array Child Job failed" if job.counts[FAILED] else None)

    def _fail_all(self, job: Job, reason: str, now: int) -> None:
        if job.has_parent:
            job.status_reason = reason
        for index in range(job.size):
            if job.states[index] < SUCCEEDED:
                self._set_pending(job, index, now)
                self._finish(job, index, FAILED, reason, now)

    # What an end means to others

    def _settle(self, now: int) -> None:
        """Tell the dependents of everything that has ended; a queue of work, so that a long chain cannot overflow."""
        settled = self._settled
        while settled:
            job, index = settled.popleft()
            if index is None:
                self._settle_job(job, now)
            else:
                self._settle_child(job, index, now)

    def _settle_job(self, job: Job, now: int) -> None:
        dependents, job.dependents = job.dependents, []
        failed = job.status == FAILED
        for dependent in dependents:
            dependent.waiting -= 1
            if failed and not dependent.is_over:
                self._fail_all(dependent, self._cancelled_or(dependent, DEPENDENCY_FAILED), now)
            elif dependent.waiting == 0 and not dependent.is_over:
                self._release_all(dependent, now)

    def _settle_child(self, job: Job, index: int, now: int) -> None:
        failed = job.states[index] == FAILED
        for pair in job.pairs:
            self._unblock(pair, index, failed, now)
        if job.spec.sequential and index + 1 < job.size:
            self._unblock(job, index + 1, failed, now)

    def _unblock(self, job: Job, index: int, failed: bool, now: int) -> None:
        if job.blocked is None or job.states[index] > PENDING:
            return
        job.blocked[index] -= 1
        if failed:
            self._finish(job, index, FAILED, job.cancelled.get(index) or DEPENDENCY_FAILED, now)
        elif not job.waits(index):
            self._release(job, index, now)

    def _cancelled_or(self, job: Job, reason: str) -> str:
        return job.cancelled.get(-1) or job.cancelled.get(0 if not job.has_parent else -1) or reason

    # Cancelling and stopping

    def _targets(self, job: Job, index: int | None) -> Iterable[int]:
        return range(job.size) if index is None or job.is_gang else (index,)

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

    def _stop(self, job: Job, index: int, reason: str) -> None:
        if index not in job.stopping and index in job.hosts:
            job.stopping[index] = reason
            self.effects.append(StopAttempt(job, index, job.attempts[index] + 1))

    # Bookkeeping

    def _set(self, job: Job, index: int, status: int, now: int) -> None:
        states, counts = job.states, job.counts
        old = states[index]
        counts[old] -= 1
        counts[status] += 1
        states[index] = status
        job.updated = now
        if not job.has_parent:
            self.listing.move(job, old, status)
        if self._watching:
            child = index if job.has_parent else None
            change = StateChange(job, child, status, now, job.attempts[index], job.reasons.get(index))
            self.effects.append(change)

    def _set_parent(self, job: Job, status: int, now: int) -> None:
        self.listing.move(job, job.parent_status, status)
        job.parent_status = status
        if self._watching:
            self.effects.append(StateChange(job, None, status, now, 0, job.status_reason))

    def _tell_all(self, job: Job, status: int, now: int) -> None:
        self.effects.extend(StateChange(job, index, status, now, 0, None) for index in range(job.size))

    def _wake(self, environment_id: str) -> None:
        for queue in self._users.get(environment_id, ()):
            queue.stuck = False

    def _wake_all(self) -> None:
        for queue in self._by_priority:
            queue.stuck = False

    def _reorder(self) -> None:
        self._by_priority = sorted(self.queues.values(), key=lambda queue: -queue.spec.priority)
        self._users = {}
        for queue in self._by_priority:
            for environment in queue.environments:
                self._users.setdefault(environment.spec.id, []).append(queue)
