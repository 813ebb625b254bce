"""Begins many runs, at most so many at a time."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from sluice.aws.table import read_items
from sluice.ledger import records
from sluice.limits import MAX_BATCH_GET_KEYS
from sluice.operate.clients import RunTable
from sluice.operate.errors import OperationError
from sluice.operate.listing.scan import id_of, projection
from sluice.run.state import RunState

SECONDS_BETWEEN_READS = 2.0
BEGINS_WITHIN_SECONDS = 300.0
"""A run that is not in the ledger by then never will be: its request was set aside."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """What became of one of many runs: the run that goes on or begins for it, or why there is none."""

    run_id: str
    goes_on_as: str | None = None
    problem: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Many:
    """Begins runs one after the other; ``begin`` returns the id of the run to wait for, ``states`` the state
    of each of some runs that the ledger knows.
    """

    begin: Callable[[str], str]
    states: Callable[[Sequence[str]], Mapping[str, RunState]]
    max_concurrency: int | None = None
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic

    def each(self, run_ids: Sequence[str]) -> Iterator[Begun]:
        """Begin each run, and yield what became of it; at most ``max_concurrency`` of them are live at a
        time.
        """
        live: dict[str, float] = {}
        for run_id in run_ids:
            live = self._with_room(live)
            try:
                new = self.begin(run_id)
            except OperationError as error:
                yield Begun(run_id=run_id, problem=str(error))
                continue
            live[new] = self.clock()
            yield Begun(run_id=run_id, goes_on_as=new)

    def _with_room(self, live: dict[str, float]) -> dict[str, float]:
        """Return the runs that are live, with the times when they were begun, as soon as one more may be."""
        while self.max_concurrency is not None and len(live) >= self.max_concurrency:
            live = self._still_live(live)
            if len(live) >= self.max_concurrency:
                self.sleep(SECONDS_BETWEEN_READS)
        return live

    def _still_live(self, begun: Mapping[str, float]) -> dict[str, float]:
        """Return the runs that have not ended; one that the ledger does not know yet may still begin."""
        states, now = self.states(list(begun)), self.clock()
        return {
            run_id: at
            for run_id, at in begun.items()
            if states.get(run_id) is RunState.RUNNING
            or (run_id not in states and now - at < BEGINS_WITHIN_SECONDS)
        }


def states_of(dynamodb: RunTable, table: str, run_ids: Sequence[str]) -> dict[str, RunState]:
    """Return the state of each run that the ledger knows: a call for each hundred."""
    found: dict[str, RunState] = {}
    for start in range(0, len(run_ids), MAX_BATCH_GET_KEYS):
        keys = [records.run_key(run_id) for run_id in run_ids[start : start + MAX_BATCH_GET_KEYS]]
        for item in read_items(dynamodb, table, keys, **projection(("pk", "state"))):
            found[id_of(item)] = RunState(item["state"]["S"])
    return found
