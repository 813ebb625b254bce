"""Whether each scheduled time that is caught up has exactly one run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

from sluice.run.state import Run

if TYPE_CHECKING:
    from tests.simulation.simulation import Simulation


def missed_times(here: Simulation, runs: list[Run]) -> Iterator[str]:
    """Yield the times that have no run, from a schedule's start up to when it was asked for them last, and
    what ran at other times.
    """
    for name, clockwork in here.asker.clockworks.items():
        found = Counter(here.mark_of(run.run_id) for run in runs if run.pipeline.name == name)
        for time in sorted(clockwork.wanted(clockwork.asked)):
            if found[time] != 1:
                yield f"{name} was to run for {time}, and {found[time]} runs of it are in the ledger"
        allowed = clockwork.allowed(here.clock.seconds)
        yield from (
            f"{name} ran for {time}, which is none of its times" for time in found if time not in allowed
        )
