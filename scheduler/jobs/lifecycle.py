"""What becomes of a job: from SUBMITTED to RUNNABLE, and from its end to those that depend on it.

The lowest layer of the scheduler: it knows dependencies, arrays and states, and nothing of hosts.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from scheduler.effects import Effect, StateChange
from scheduler.jobs.job import Job
from scheduler.jobs.listing import Listing
from scheduler.reasons import CHILD_FAILED, DEPENDENCY_FAILED
from scheduler.states import FAILED, PENDING, RUNNABLE, SUBMITTED, SUCCEEDED

if TYPE_CHECKING:
    from scheduler.queues.job_queue import Queue


class Lifecycle:
    """All jobs with their states; what happens is noted in `effects`.

    `watching` says whether state changes are wanted as effects. Jobs that ended are kept in order of their
    ends when `kept_ms` says for how long.
    """

    def __init__(self, *, watching: bool, kept_ms: int | None) -> None:
        self.jobs: dict[str, Job] = {}
        self.effects: list[Effect] = []
        self.listing = Listing()
        self.queues: dict[str, Queue] = {}
        self._watching = watching
        self._kept_ms = kept_ms
        self._ended: deque[Job] = deque()
        self._settled: deque[tuple[Job, int | None]] = deque()

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

    # What an end means

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
        return asked or job.status_reason or (CHILD_FAILED if job.counts[FAILED] else None)

    def _fail_all(self, job: Job, reason: str, now: int) -> None:
        if job.has_parent:
            job.status_reason = reason
        for index in range(job.size):
            if job.states[index] < SUCCEEDED:
                self._set_pending(job, index, now)
                self._finish(job, index, FAILED, reason, now)

    def _settle(self, now: int) -> None:
        """Tell the dependents of everything that has ended; a queue of work, so that a long chain cannot
        overflow.
        """
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
