"""Fair-share scheduling: the share that used the least, by its weight, goes next.

https://docs.aws.amazon.com/batch/latest/userguide/fair-share-scheduling.html

AWS sums the vCPU seconds of running and recently finished jobs and does not publish the formula. Here a
share's usage is what it holds now plus an average of what it held, which fades with `shareDecaySeconds`.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import exp
from typing import TYPE_CHECKING

from scheduler.queues.run_queue import PriorityOrder

if TYPE_CHECKING:
    from scheduler.jobs.job import Job


@dataclass(frozen=True, slots=True)
class FairPolicy:
    """A fair-share policy: weights by share identifier (or by a prefix that ends in `*`), decay,
    reservation.
    """

    weights: tuple[tuple[str, float], ...] = ()
    decay_seconds: int = 0
    reservation: int = 0

    def weight_of(self, share: str) -> float:
        """A lower weight factor gets more: 0.125 gets eight times as much as 1."""
        for name, weight in self.weights:
            if share == name or (name.endswith("*") and share.startswith(name[:-1])):
                return weight
        return 1.0


class Share:
    """The jobs of one share identifier, with what they hold and what they held."""

    __slots__ = ("_at", "_average", "holding", "order", "waiting", "weight")

    def __init__(self, weight: float) -> None:
        self.weight = weight
        self.order = PriorityOrder()
        self.holding = 0
        self.waiting = False
        self._average = 0.0
        self._at = 0

    def hold(self, milli_cpus: int, now: int, decay_ms: int) -> None:
        """Hold more (or with a negative number: fewer) vCPUs."""
        self._age(now, decay_ms)
        self.holding += milli_cpus

    def score(self, now: int, decay_ms: int) -> float:
        """How much the share had, by its weight; the lowest goes next."""
        self._age(now, decay_ms)
        return (self.holding + self._average) * self.weight

    def _age(self, now: int, decay_ms: int) -> None:
        if decay_ms and now > self._at:
            kept = exp((self._at - now) / decay_ms)
            self._average = self._average * kept + self.holding * (1 - kept)
        self._at = now


class FairShare:
    """The runnable jobs of a queue with a fair-share policy."""

    __slots__ = ("_holding", "_shares", "policy")

    def __init__(self, policy: FairPolicy) -> None:
        self.policy = policy
        self._shares: dict[str, Share] = {}
        self._holding = 0

    def push(self, job: Job, now: int) -> None:
        """Add a job to its share; within a share, a higher scheduling priority goes first."""
        share = self._share(job)
        share.waiting = True
        share.order.push(job, job.spec.priority, now)

    def pop(self, now: int) -> tuple[Job, int] | None:
        """Remove and return the next child of the share that had the least."""
        decay = self.policy.decay_seconds * 1000
        waiting = [share for share in self._shares.values() if share.waiting]
        for share in sorted(waiting, key=lambda share: share.score(now, decay)):
            taken = share.order.pop()
            if taken is not None:
                return taken
            share.waiting = False
        return None

    def requeue(self, job: Job, index: int, now: int) -> None:
        """Put a child back at the head of its share."""
        job.requeue(index)
        self.push(job, now)

    def charge(self, job: Job, milli_cpus: int, now: int) -> None:
        """Charge the job's share."""
        self._share(job).hold(milli_cpus, now, self.policy.decay_seconds * 1000)
        self._holding += milli_cpus

    def allows(self, milli_cpus: int, capacity: int) -> bool:
        """`(computeReservation/100)^ActiveFairShares` of the capacity is kept for shares that are not
        active.
        """
        active = sum(share.waiting or share.holding > 0 for share in self._shares.values())
        reserved = (self.policy.reservation / 100) ** max(active, 1) if self.policy.reservation else 0.0
        return self._holding + milli_cpus <= capacity * (1 - reserved)

    def front(self, count: int) -> list[tuple[Job, int]]:
        """The first children, share by share."""
        shares = [share.order.front(count) for share in self._shares.values() if share.waiting]
        return [each for share in shares for each in share][:count]

    def holdings(self) -> dict[str, int]:
        """What each active share holds, in thousandths of a vCPU."""
        return {name: share.holding for name, share in self._shares.items() if share.waiting or share.holding}

    def reweigh(self, policy: FairPolicy) -> None:
        """Use a changed policy from now on."""
        self.policy = policy
        for name, share in self._shares.items():
            share.weight = policy.weight_of(name)

    def _share(self, job: Job) -> Share:
        name = job.spec.share
        found = self._shares.get(name)
        if found is None:
            found = self._shares[name] = Share(self.policy.weight_of(name))
        return found
