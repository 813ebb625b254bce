"""What becomes of a job: it is released to RUNNABLE, tried again, and ends.

It knows states, arrays and multi-node jobs, and nothing of hosts; whom an end concerns is for `dependencies`.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from scheduler.jobs.job import WHOLE_JOB
from scheduler.reasons import CHILD_FAILED
from scheduler.states import FAILED, PENDING, RUNNABLE, SUBMITTED, SUCCEEDED

if TYPE_CHECKING:
    from collections.abc import Callable

    from scheduler.jobs.job import Job
    from scheduler.jobs.retention import Retention
    from scheduler.jobs.transitions import Transitions


class Lifecycle:
    """Releases jobs and ends them; `enqueue` adds a job that has a runnable child to its queue.

    `unsettled` holds the ends that dependents may wait for: (job, child), or (job, None) for a whole job.
    """

    def __init__(
        self, transitions: Transitions, retention: Retention, enqueue: Callable[[Job, int], None]
    ) -> None:
        self.unsettled: deque[tuple[Job, int | None]] = deque()
        self._transitions = transitions
        self._move = transitions.move
        self._retention = retention
        self._enqueue = enqueue

    # To RUNNABLE

    def make_pending(self, job: Job, index: int, now: int) -> None:
        """Move what is SUBMITTED to PENDING."""
        if job.states[index] == SUBMITTED:
            self._move(job, index, PENDING, now)

    def release(self, job: Job, index: int, now: int) -> None:
        """Make a child RUNNABLE that waits for nothing, or end it where it was cancelled meanwhile."""
        if index in job.cancelled:
            self.finish(job, index, FAILED, job.cancelled[index], now)
            return
        self._move(job, index, RUNNABLE, now)
        if job.is_multi_node:
            self._enqueue_nodes(job, now)
        else:
            job.ready.append(index)
            self._enqueue(job, now)

    def release_all(self, job: Job, now: int) -> None:
        """Release every child that waits for nothing, at once where all children of an array do."""
        if job.is_array and not job.cancelled and job.blocked is None and _none_released(job):
            self._transitions.make_all_runnable(job, now)
            job.release_all()
            self._enqueue(job, now)
            return
        for index in range(job.size):
            if job.states[index] <= PENDING and not job.waits(index):
                self.release(job, index, now)

    def retry(self, job: Job, index: int, reason: str | None, now: int) -> None:
        """Make a child RUNNABLE for another attempt."""
        job.started[index] = 0
        if reason is not None:
            job.reasons[index] = reason
        self._move(job, index, RUNNABLE, now)
        job.ready.append(index)
        self._enqueue(job, now)

    def retry_nodes(self, job: Job, now: int) -> None:
        """Make all nodes of a multi-node job RUNNABLE for another attempt."""
        for node in range(job.size):
            job.started[node] = job.stopped[node] = 0
            self._move(job, node, RUNNABLE, now)
        self._enqueue_nodes(job, now)

    def _enqueue_nodes(self, job: Job, now: int) -> None:
        """A multi-node job is queued once, for its main node, when all its nodes are runnable."""
        if job.counts[RUNNABLE] == job.size:
            self._transitions.move_parent(job, RUNNABLE, now)
            job.ready.append(job.spec.main_node)
            self._enqueue(job, now)

    # The end

    def finish(self, job: Job, index: int, status: int, reason: str | None, now: int) -> None:
        """End a child, and the job with the last one."""
        job.stopped[index] = now
        if reason is not None:
            job.reasons[index] = reason
        elif job.reasons:
            job.reasons.pop(index, None)
        self._move(job, index, status, now)
        job.unfinished -= 1
        if job.pairs or job.blocked is not None:
            self.unsettled.append((job, index))
        if job.unfinished == 0:
            self.finish_job(job, now)

    def finish_job(self, job: Job, now: int) -> None:
        """End a job as a whole."""
        job.stopped_at = now
        if job.has_parent:
            job.status_reason = _parent_reason(job)
            self._transitions.move_parent(job, job.final_status(), now)
        if job.dependents:
            self.unsettled.append((job, None))
        self._retention.add(job)

    def fail_all(self, job: Job, reason: str, now: int) -> None:
        """Fail every child that has not ended."""
        if job.has_parent:
            job.status_reason = reason
        for index in range(job.size):
            if job.states[index] < SUCCEEDED:
                self.make_pending(job, index, now)
                self.finish(job, index, FAILED, reason, now)


def _none_released(job: Job) -> bool:
    return job.counts[SUBMITTED] + job.counts[PENDING] == job.size


def _parent_reason(job: Job) -> str | None:
    requested = job.terminated.get(WHOLE_JOB) or job.cancelled.get(WHOLE_JOB)
    if job.is_multi_node:
        return job.status_reason or job.reasons.get(job.spec.main_node) or requested
    return requested or job.status_reason or (CHILD_FAILED if job.counts[FAILED] else None)
