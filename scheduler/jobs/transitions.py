"""Moving jobs from state to state: counted, listed and, where it is wanted, reported."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scheduler.effects import Effect, StateChange
from scheduler.jobs.listing import Listing
from scheduler.states import PENDING, RUNNABLE, SUBMITTED

if TYPE_CHECKING:
    from scheduler.jobs.job import Job


class Transitions:
    """The one place where a state changes.

    `effects` collects what the runtime has to do; `watching` says whether state changes are wanted there.
    """

    def __init__(self, *, watching: bool) -> None:
        self.effects: list[Effect] = []
        self.listing = Listing()
        self.watching = watching

    def move(self, job: Job, index: int, status: int, now: int) -> None:
        """Move a child, a node, or a job that has neither."""
        states, counts = job.states, job.counts
        old = states[index]
        counts[old] -= 1
        counts[status] += 1
        states[index] = status
        job.updated = now
        if not job.has_parent:
            self.listing.move(job, old, status)
        if self.watching:
            child = index if job.has_parent else None
            change = StateChange(job, child, status, now, job.attempts[index], job.reasons.get(index))
            self.effects.append(change)

    def move_parent(self, job: Job, status: int, now: int) -> None:
        """Move an array, or a multi-node job, as a whole."""
        self.listing.move(job, job.parent_status, status)
        job.parent_status = status
        if self.watching:
            self.effects.append(StateChange(job, None, status, now, 0, job.status_reason))

    def make_all_runnable(self, job: Job, now: int) -> None:
        """Move all children of an array at once, of which each is SUBMITTED or PENDING."""
        if self.watching:
            if job.counts[SUBMITTED]:
                self._report_all(job, PENDING, now)
            self._report_all(job, RUNNABLE, now)
        job.states = bytearray([RUNNABLE]) * job.size
        job.counts = [0, 0, job.size, 0, 0, 0, 0]

    def _report_all(self, job: Job, status: int, now: int) -> None:
        self.effects.extend(StateChange(job, index, status, now, 0, None) for index in range(job.size))
