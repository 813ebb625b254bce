"""The queue of the runs of one key: which run, how many wait, and who is next. Pure."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from sluice.run.state import Run


@dataclass(frozen=True, slots=True)
class QueueKey:
    """What the runs of one queue have in common: a pipeline, and a key as ``Concurrency.key_of`` returns
    it.
    """

    pipeline: str
    key: str

    @classmethod
    def of(cls, run: Run) -> QueueKey | None:
        """Return the key of a run; None for one of a pipeline without a limit."""
        concurrency = run.pipeline.concurrency
        return cls(run.pipeline.name, concurrency.key_of(run.trigger)) if concurrency else None


@dataclass(frozen=True, slots=True)
class Holder:
    """A run that runs, in the ``round``-th time that it was resumed: the end of an earlier round, however
    late it is handled, does not free the place of a later one.
    """

    run_id: str
    round: int = 0


@dataclass(frozen=True, slots=True)
class WaitingRun:
    """A run that waits; ``place`` sorts the runs of a queue, the smallest is the next."""

    run_id: str
    place: str
    arrived_at: str
    round: int = 0

    @property
    def holder(self) -> Holder:
        """Return what holds a place of the queue once this run has begun."""
        return Holder(self.run_id, self.round)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunQueue:
    """The queue as the ledger has it. ``revision`` counts its changes, and ``arrivals`` the runs that came.

    ``newest_order`` is the place of the newest version that came, among those of an object, and
    ``newest_run`` its run.
    """

    key: QueueKey
    max_runs: int
    running: tuple[Holder, ...] = ()
    waiting: int = 0
    arrivals: int = 0
    revision: int = 0
    newest_order: str = ""
    newest_run: str = ""

    @property
    def free(self) -> int:
        """Return how many more runs may run."""
        return max(0, self.max_runs - len(self.running))

    @property
    def is_idle(self) -> bool:
        """Return whether no run runs or waits."""
        return not self.running and not self.waiting

    def arrived(self, run_id: str, order: str, max_runs: int) -> RunQueue:
        """Return the queue with one more arrival, under the limit of the pipeline as it is deployed now."""
        after = replace(self, arrivals=self.arrivals + 1, max_runs=max_runs)
        if order and order >= self.newest_order:
            return replace(after, newest_order=order, newest_run=run_id)
        return after

    def is_outdated(self, order: str) -> bool:
        """Return whether a newer version of the same object came before this one."""
        return bool(order) and order < self.newest_order

    def entered(self, run_id: str) -> RunQueue:
        """Return the queue when a new run comes: it begins where a place is free and no other run waits."""
        if self.free and not self.waiting:
            return replace(self, running=(*self.running, Holder(run_id)))
        return replace(self, waiting=self.waiting + 1)

    def without(self, holders: Collection[Holder]) -> RunQueue:
        """Return the queue when these have ended."""
        return replace(self, running=tuple(one for one in self.running if one not in holders))

    def resumed(self, run_id: str) -> RunQueue:
        """Return the queue when a run that had failed waits again; what it held is free."""
        left = tuple(one for one in self.running if one.run_id != run_id)
        return replace(self, running=left, waiting=self.waiting + 1)

    def dropped(self, number: int) -> RunQueue:
        """Return the queue when so many runs wait no more."""
        return replace(self, waiting=max(0, self.waiting - number))

    def started(self, runs: Sequence[WaitingRun]) -> RunQueue:
        """Return the queue when these runs, which waited, begin."""
        return replace(self.dropped(len(runs)), running=(*self.running, *(run.holder for run in runs)))


def next_runs(
    queue: RunQueue, waiting: Sequence[WaitingRun], gone: Collection[str], at_most: int
) -> tuple[WaitingRun, ...]:
    """Return the waiting runs whose turn it is; ``gone`` wait no more."""
    there = [run for run in waiting if run.run_id not in gone]
    return tuple(there[: min(queue.free, at_most)])
