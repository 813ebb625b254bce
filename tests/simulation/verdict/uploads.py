"""Whether everything that was to start a run did, once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

from sluice.run.state import Run

if TYPE_CHECKING:
    from tests.simulation.simulation import Simulation


def lost_runs(here: Simulation, runs: list[Run]) -> Iterator[str]:
    """Yield what should be exactly one run and is none, or more: no outage excuses it.

    Of an upload whose event was lost the newest version of the key is found: an older one may have none.
    """
    found = Counter((run.pipeline.name, here.mark_of(run.run_id)) for run in runs)
    newest = {one.key: one.mark for one in here.asker.asks}
    for ask in here.asker.asks:
        if here.scripts[ask.pipeline].gathers:
            continue
        times = found[ask.pipeline, ask.mark]
        is_replaced = ask.mark in here.reconciler.lost and ask.mark != newest[ask.key]
        if times != 1 and not (times == 0 and is_replaced):
            yield f"{ask.pipeline} was to run for {ask.mark}, and {times} runs of it are in the ledger"


def lost_files(here: Simulation, runs: list[Run]) -> Iterator[str]:
    """Yield the files of groups that are in no run, or in two.

    An older version of a key may be left out where a newer one is in a run.
    """
    found = _files_in_runs(here, runs)
    newest = {one.key: one.mark for one in here.asker.asks}
    for ask in here.asker.asks:
        times = found[ask.mark]
        is_lost = times == 0 and ask.mark == newest[ask.key]
        if here.scripts[ask.pipeline].gathers and (times > 1 or is_lost):
            yield f"{ask.mark} is in {times} runs"


def _files_in_runs(here: Simulation, runs: list[Run]) -> Counter[str]:
    """Return in how many runs each file is."""
    known = {run.run_id for run in runs}
    listed = [file for run, files in here.files.items() if run in known for file in files]
    return Counter(f"{file['key']}@{file['version_id']}" for file in listed)
