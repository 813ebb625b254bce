"""CancelJob and TerminateJob.

https://docs.aws.amazon.com/batch/latest/APIReference/API_CancelJob.html
https://docs.aws.amazon.com/batch/latest/APIReference/API_TerminateJob.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from scheduler.jobs.job import WHOLE_JOB
from scheduler.reasons import LIMIT_REACHED
from scheduler.states import FAILED, RUNNABLE, RUNNING, STARTING, SUCCEEDED

if TYPE_CHECKING:
    from collections.abc import Iterable

    from scheduler.dispatch.attempts import Attempts
    from scheduler.jobs.job import Job
    from scheduler.jobs.lifecycle import Lifecycle
    from scheduler.queues.queue_set import QueueSet
    from scheduler.queues.time_limits import BlockedChild


class Cancellation:
    """Ends jobs by request; `index` None stands for the whole job."""

    def __init__(self, queues: QueueSet, attempts: Attempts, lifecycle: Lifecycle) -> None:
        self._queues = queues
        self._attempts = attempts
        self._lifecycle = lifecycle

    def cancel(self, job: Job, index: int | None, reason: str, now: int) -> None:
        """Cancel what has not started: runnable jobs at once, pending ones when their dependencies are
        done.
        """
        if job.is_multi_node and job.hosts:
            return
        unstarted = [each for each in _targets(job, index) if job.has_unstarted(each)]
        if index is None and job.has_parent and unstarted:
            job.cancelled[WHOLE_JOB] = reason
        for each in unstarted:
            self._cancel_child(job, each, reason, now)

    def terminate(self, job: Job, index: int | None, reason: str, now: int) -> None:
        """Stop what runs and cancel what does not; neither is tried again."""
        if index is None and job.has_parent and not job.is_over:
            # Before its children: where none runs, the last of them ends it with this reason.
            job.terminated[WHOLE_JOB] = reason
        for each in _targets(job, index):
            if job.states[each] < SUCCEEDED:
                job.terminated[each] = reason
                self._terminate_child(job, each, reason, now)

    def enforce_limit(self, blocked: BlockedChild, now: int) -> None:
        """Cancel a job that has blocked its queue for too long, where it still does."""
        queue, job, index = blocked
        if queue.blocked_by != (job, index) or job.states[index] != RUNNABLE:
            return
        code = job.reasons.get(index, "").partition(" - ")[0]
        queue.explained = queue.blocked_by = None
        self.cancel(job, index, LIMIT_REACHED.format(reason=code), now)

    def _terminate_child(self, job: Job, index: int, reason: str, now: int) -> None:
        if job.is_multi_node and job.hosts:
            # The others follow the main node.
            self._attempts.stop(job, job.spec.main_node, reason)
        elif job.states[index] in (STARTING, RUNNING):
            self._attempts.stop(job, index, reason)
        else:
            self._cancel_child(job, index, reason, now)

    def _cancel_child(self, job: Job, index: int, reason: str, now: int) -> None:
        job.cancelled[index] = reason
        if job.states[index] != RUNNABLE and job.waits(index):
            # "A PENDING job is canceled after all dependency jobs are completed."
            return
        self._lifecycle.finish(job, index, FAILED, reason, now)
        queue = self._queues.by_id.get(job.spec.queue)
        if queue is not None:
            # It may have been the head that kept the others waiting.
            queue.head_blocked = False


def _targets(job: Job, index: int | None) -> Iterable[int]:
    return range(job.size) if index is None or job.is_multi_node else (index,)
