"""Lets runs of one key run one after the other: the end of a run starts the next one, and the sweep repairs
what that left undone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sluice.alerts.run_events import RunChanged, change
from sluice.ledger.ledger import Ledger
from sluice.ordering.run_queue import Holder, QueueKey, RunQueue
from sluice.ordering.run_queues import RunQueues
from sluice.run.concurrency import Concurrency
from sluice.run.state import Run, RunState, StepState

DRAINED = timedelta(minutes=15)
"""How long the jobs of a cancelled run may keep its place: they are terminated, but their ends get lost."""
_LIVE = (StepState.CLAIMED, StepState.SUBMITTED)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOrder:
    """Begins the runs of pipelines that limit how many run at the same time; ``advance`` submits the steps of
    a run.
    """

    ledger: Ledger
    on_change: Callable[[RunChanged], None]
    advance: Callable[[str], object]
    now: Callable[[], datetime]

    def start(self, run: Run, concurrency: Concurrency, *, anyway: bool = False) -> bool:
        """Begin a run, or let it wait for its turn; False when the ledger has it already, and then it is
        advanced, or its turn checked. Raises PausedError as ``Advancer.start`` does.
        """
        arrival = self._queues.arrive(run, concurrency, self.now(), anyway=anyway)
        known = self.ledger.load(run.run_id) if arrival is None else arrival.run
        if known is not None:
            # The invocation that began it may have died before it reported the run: it is reported as it is.
            self._report(known)
        for run_id in arrival.replaced if arrival else ():
            if (replaced := self.ledger.load(run_id)) is not None:
                self._report(replaced)
        if arrival is None or arrival.run.state is RunState.RUNNING:
            self.advance(run.run_id)
        return arrival is not None

    def ended(self, run: Run) -> None:
        """Begin the runs whose turn it is behind one that has ended."""
        key = QueueKey.of(run)
        if key is not None:
            self._begin(key, [Holder(run.run_id, run.reopened)])

    def settle(self, run: Run) -> None:
        """Do what is left to do in the queue of a run that does not run: it waits, or has ended."""
        key = QueueKey.of(run)
        if key is None or run.pipeline.concurrency is None:
            return
        if run.state is RunState.WAITING:
            self._queues.enter(run, run.pipeline.concurrency, self.now())
            self._begin(key, [])
        elif self._is_over(run):
            self.ended(run)

    def sweep(self) -> None:
        """Free the places of runs that have ended, in every queue, and begin those whose turn it is."""
        for queue in list(self._queues.unfinished()):
            ended = self._ended(queue)
            if ended or (queue.free and queue.waiting):
                self._begin(queue.key, ended)

    def _ended(self, queue: RunQueue) -> list[Holder]:
        """Return the holders of places that have ended, or have been resumed since and wait again."""
        runs = {one: self.ledger.load(one.run_id) for one in queue.running}
        return [
            one for one, run in runs.items() if run is None or run.reopened > one.round or self._is_over(run)
        ]

    def _begin(self, key: QueueKey, ended: Sequence[Holder]) -> None:
        for run_id in self._queues.turn(key, ended, self.now()):
            run = self.ledger.load(run_id)
            if run is not None and run.state is RunState.RUNNING:
                self._report(run)
                self.advance(run_id)

    def _is_over(self, run: Run) -> bool:
        """Return whether a run keeps its place no more; a cancelled one does until its jobs have ended."""
        if not run.state.has_ended:
            return False
        live = any(record.state in _LIVE for record in run.steps.values())
        if run.state is not RunState.CANCELLED or not live:
            return True
        ended_at = datetime.fromisoformat(run.ended_at) if run.ended_at else self.now()
        return self.now() - ended_at >= DRAINED

    def _report(self, run: Run) -> None:
        self.on_change(change(run, run.state, run.ended_at or run.created_at, run.failed_step))

    @property
    def _queues(self) -> RunQueues:
        return RunQueues(self.ledger.table)
