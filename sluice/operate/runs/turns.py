"""Behind which runs a run waits for its turn."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import takewhile

from sluice.ledger import records
from sluice.ledger.ledger import Ledger
from sluice.operate.listing.scan import id_of
from sluice.ordering.run_queue import QueueKey
from sluice.ordering.run_queues import RunQueues
from sluice.run.state import Run, RunState

MAX_READ = 1_000
"""Waiting runs of a queue that are read; places behind them are not told apart."""


@dataclass(frozen=True, slots=True)
class Turn:
    """The runs that run, and those that wait before this one; ``place`` is 1 for the next."""

    running: tuple[str, ...]
    before: tuple[str, ...]

    @property
    def place(self) -> int:
        """Return its place among those that wait."""
        return len(self.before) + 1


def turn_of(ledger: Ledger, run: Run) -> Turn | None:
    """Return behind which runs a run waits; None for one that does not wait."""
    return _Queues(ledger).turn(run)


def turns_of(ledger: Ledger, run_ids: Iterable[str]) -> dict[str, Turn]:
    """Return behind which runs these wait, those of them that do; each queue is read once."""
    queues, runs = _Queues(ledger), (ledger.load(run_id) for run_id in run_ids)
    found = {run.run_id: queues.turn(run) for run in runs if run is not None}
    return {run_id: turn for run_id, turn in found.items() if turn is not None}


class _Queues:
    """The queues of a ledger, each as it was when it was first asked for."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger, self._queues = ledger, RunQueues(ledger.table)
        self._found: dict[QueueKey, Turn] = {}

    def turn(self, run: Run) -> Turn | None:
        """Return behind which runs a run waits."""
        key = QueueKey.of(run)
        if run.state is not RunState.WAITING or key is None:
            return None
        if key not in self._found:
            self._found[key] = self._all(key)
        everyone = self._found[key]
        return Turn(everyone.running, tuple(takewhile(lambda one: one != run.run_id, everyone.before)))

    def _all(self, key: QueueKey) -> Turn:
        """Return who runs and who waits; one that was cancelled keeps its entry until its turn comes."""
        queue, entries = self._queues.load(key), self._queues.waiting(key, MAX_READ)
        keys = [records.run_key(one.run_id) for one in entries]
        waiting = {
            id_of(item) for item in self._ledger.table.items(keys) if item["state"]["S"] == RunState.WAITING
        }
        running = tuple(one.run_id for one in queue.running) if queue else ()
        return Turn(running, tuple(one.run_id for one in entries if one.run_id in waiting))
