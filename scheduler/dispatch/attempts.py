"""Attempts: their start, their stop, and what their end means."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from scheduler.effects import StartAttempt, StopAttempt
from scheduler.jobs.job import Attempt
from scheduler.reasons import EXITED, MAIN_NODE_ENDED
from scheduler.retry import is_retried
from scheduler.states import FAILED, STARTING, SUCCEEDED

if TYPE_CHECKING:
    from scheduler.capacity.hosts import Host
    from scheduler.jobs.job import Job
    from scheduler.jobs.transitions import Transitions
    from scheduler.retry import Outcome


class Conclusion(NamedTuple):
    """What an attempt's end comes to: the state, its reason, and whether another attempt follows."""

    status: int
    reason: str
    is_retried: bool


_SUCCESS: Final = Conclusion(SUCCEEDED, EXITED, False)


class Attempts:
    """The attempts that are in flight, at most `slots` at once."""

    def __init__(self, transitions: Transitions, slots: int | None) -> None:
        self.free_slots = slots if slots is not None else 1 << 60
        self._transitions = transitions

    def start(self, job: Job, index: int, host: Host, now: int) -> None:
        """Start the next attempt of a child on a host that has been taken for it."""
        self.free_slots -= 1
        job.hosts[index] = host
        host.tasks.add((job.id, index))
        if job.reasons:
            job.reasons.pop(index, None)
        transitions = self._transitions
        transitions.move(job, index, STARTING, now)
        transitions.effects.append(StartAttempt(job, index, job.attempts[index] + 1, host))

    def stop(self, job: Job, index: int, reason: str) -> None:
        """Ask for the stop of an attempt, once; nothing follows it."""
        if index not in job.stopping and index in job.hosts:
            job.stopping[index] = reason
            self._transitions.effects.append(StopAttempt(job, index, job.attempts[index] + 1))

    def abandon(self, job: Job, index: int) -> None:
        """Ask for the stop of an attempt whose host is gone: no report of it counts any more."""
        self._transitions.effects.append(StopAttempt(job, index, job.attempts[index] + 1))

    def end(self, job: Job, index: int, outcome: Outcome, now: int) -> Conclusion:
        """Take an attempt off its host, count it and record it; what it held of the host stays taken."""
        host = job.hosts.pop(index)
        host.tasks.discard((job.id, index))
        self.free_slots += 1
        stopped_for = job.stopping.pop(index, None) if job.stopping else None
        job.attempts[index] += 1
        if outcome.exit_code == 0 and stopped_for in (None, MAIN_NODE_ENDED):
            # The ordinary case, one attempt that exits with 0, is not stored: `Job.attempts_of` knows it.
            if job.attempts[index] > 1 or job.is_multi_node:
                self.record(job, index, outcome._replace(status_reason=EXITED), host, now)
            return _SUCCESS
        reason = stopped_for or outcome.status_reason or EXITED
        outcome = outcome._replace(status_reason=reason)
        self.record(job, index, outcome, host, now)
        again = stopped_for is None and is_retried(job.spec.retry, job.attempts[index], outcome)
        return Conclusion(FAILED, reason, again)

    def record(self, job: Job, index: int, outcome: Outcome, host: Host, now: int) -> None:
        """Keep an attempt that has ended."""
        exit_code, reason, status_reason = outcome
        attempt = Attempt(job.started[index], now, exit_code, reason, status_reason, host.id)
        job.history.setdefault(index, []).append(attempt)
