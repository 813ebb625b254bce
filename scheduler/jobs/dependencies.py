"""The graph of dependencies: what a new job waits for, and what an end means for those that wait.

https://docs.aws.amazon.com/batch/latest/userguide/job_dependencies.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from scheduler.jobs.job import WHOLE_JOB
from scheduler.reasons import DEPENDENCY_FAILED
from scheduler.states import FAILED, PENDING, SUCCEEDED

if TYPE_CHECKING:
    from scheduler.jobs.job import Job
    from scheduler.jobs.lifecycle import Lifecycle
    from scheduler.jobs.transitions import Transitions

Failures = dict[int, str]
"""Why children cannot run, by their numbers, and by WHOLE_JOB."""


class Dependencies:
    """Who waits for whom, over all `jobs` that are known."""

    def __init__(self, jobs: Mapping[str, Job], transitions: Transitions, lifecycle: Lifecycle) -> None:
        self._jobs = jobs
        self._transitions = transitions
        self._lifecycle = lifecycle

    def register(self, job: Job) -> Failures:
        """Note what a new job waits for, and return what has failed already; KeyError for an unknown job."""
        spec = job.spec
        parents = [(self._jobs[each.job_id], each.child_by_child) for each in spec.depends_on]
        if spec.sequential:
            job.blocked = bytearray([0]) + bytearray([1]) * (job.size - 1)
        failed: Failures = {}
        for parent, child_by_child in parents:
            failed |= _pair(parent, job) if child_by_child else _wait_for(parent, job)
        return failed

    def admit(self, job: Job, failed: Failures, now: int) -> None:
        """Take a registered job from SUBMITTED to PENDING, RUNNABLE or FAILED."""
        if job.has_parent:
            self._transitions.move_parent(job, PENDING, now)
        reason = job.spec.rejected or failed.get(WHOLE_JOB)
        if reason is not None:
            self._lifecycle.fail_all(job, reason, now)
        elif failed or job.waiting or job.blocked is not None:
            for index in range(job.size):
                self._admit_child(job, index, failed.get(index), now)
        else:
            self._lifecycle.release_all(job, now)

    def _admit_child(self, job: Job, index: int, failure: str | None, now: int) -> None:
        if failure is not None:
            self._lifecycle.make_pending(job, index, now)
            self._lifecycle.finish(job, index, FAILED, failure, now)
            return
        waits = job.waits(index)
        if job.is_array or waits:
            self._lifecycle.make_pending(job, index, now)
        if not waits and job.states[index] <= PENDING:
            self._lifecycle.release(job, index, now)

    def settle(self, now: int) -> None:
        """Release or fail whatever waits for the ends of this moment.

        A queue of work instead of calls in each other, so that a long chain of jobs cannot overflow.
        """
        unsettled = self._lifecycle.unsettled
        while unsettled:
            job, index = unsettled.popleft()
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
                self._lifecycle.fail_all(dependent, _cancelled_or_failed(dependent), now)
            elif dependent.waiting == 0 and not dependent.is_over:
                self._lifecycle.release_all(dependent, now)

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
            self._lifecycle.finish(job, index, FAILED, job.cancelled.get(index) or DEPENDENCY_FAILED, now)
        elif not job.waits(index):
            self._lifecycle.release(job, index, now)


def _wait_for(parent: Job, job: Job) -> Failures:
    if parent.is_over:
        return {WHOLE_JOB: DEPENDENCY_FAILED} if parent.status == FAILED else {}
    parent.dependents.append(job)
    job.waiting += 1
    return {}


def _pair(parent: Job, job: Job) -> Failures:
    """Let child i wait for child i of the other array."""
    if job.blocked is None:
        job.blocked = bytearray(job.size)
    parent.pairs.append(job)
    failed: Failures = {}
    for index, state in enumerate(parent.states):
        if state == FAILED:
            failed[index] = DEPENDENCY_FAILED
        elif state != SUCCEEDED:
            job.blocked[index] += 1
    return failed


def _cancelled_or_failed(job: Job) -> str:
    cancelled = job.cancelled.get(WHOLE_JOB)
    if cancelled is None and not job.has_parent:
        cancelled = job.cancelled.get(0)
    return cancelled or DEPENDENCY_FAILED
