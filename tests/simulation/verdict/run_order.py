"""Whether no more runs ran at a time than allowed, and whether there is a newer one than one replaced."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import TYPE_CHECKING

from sluice.run.state import Run, RunState

if TYPE_CHECKING:
    from tests.simulation.simulation import Simulation

_ENDS = (RunState.SUCCEEDED, RunState.FAILED, RunState.CANCELLED)
_Key = tuple[str, str]


def out_of_order(here: Simulation, runs: list[Run]) -> Iterator[str]:
    """Yield what does not hold of the runs of pipelines with a limit; of the ledger states are believed,
    and when they came.
    """
    of_key: defaultdict[_Key, list[str]] = defaultdict(list)
    for run in runs:
        script = here.script_of(run.run_id)
        if script.pipeline.max_concurrent_runs is not None:
            of_key[_key(here, run)].append(run.run_id)
        elif run.state in (RunState.WAITING, RunState.REPLACED):
            yield f"{run.run_id} is {run.state}, and its pipeline has no limit"
    by_id = {run.run_id: run for run in runs}
    for (pipeline, _), mine in of_key.items():
        yield from _too_many(here, mine, here.scripts[pipeline].pipeline.max_concurrent_runs or 0)
        for run_id in mine:
            if by_id[run_id].state is RunState.REPLACED:
                yield from _not_replaced(here, by_id[run_id], by_id)


def _key(here: Simulation, run: Run) -> _Key:
    per = here.script_of(run.run_id).pipeline.per
    apart = {"object": "@", "partition": "#"}.get(per, "")
    return run.pipeline.name, here.mark_of(run.run_id).rpartition(apart)[0] if apart else ""


def _too_many(here: Simulation, runs: list[str], limit: int) -> Iterator[str]:
    """Yield the first moment at which too many ran: from each RUNNING to the next end."""
    now: set[str] = set()
    for at, change, run in sorted(one for each in runs for one in _changes(here, each)):
        now = now | {run} if change > 0 else now - {run}
        if len(now) > limit:
            yield f"{sorted(now)} ran at {at:.1f} s, and at most {limit} may"
            return


def _changes(here: Simulation, run: str) -> Iterator[tuple[float, int, str]]:
    """Yield when a run began to run, 1, and when it ended, -1. A cleanup that is repeated alone waits for no
    turn.
    """
    is_running = False
    for at, state in here.ended[run]:
        if is_running and state in _ENDS:
            yield at, -1, run
        elif not is_running and state == RunState.RUNNING and (run, at) not in here.cleaned_again:
            yield at, 1, run
        is_running = state == RunState.RUNNING


def _not_replaced(here: Simulation, run: Run, by_id: dict[str, Run]) -> Iterator[str]:
    """Yield what is wrong with a run that is said to be replaced: it did not run, unless it had failed and
    waited once more, and a newer one came.
    """
    if here.script_of(run.run_id).pipeline.replace is None and not _is_older_version(here, run, by_id):
        yield f"{run.run_id} is replaced, and its pipeline replaces none"
    has_failed = any(state == RunState.FAILED for _, state in here.ended[run.run_id])
    if not has_failed and any(work.run == run.run_id for work in here.works):
        yield f"{run.run_id} is replaced, and worked"
    yield from _no_end(run, by_id)


def _no_end(run: Run, by_id: dict[str, Run]) -> Iterator[str]:
    """Yield what is wrong where no run stands at the end of those that replaced one another."""
    seen: set[str] = set()
    while run.state is RunState.REPLACED and run.run_id not in seen:
        seen.add(run.run_id)
        if run.replaced_by not in by_id:
            yield f"{run.run_id} is replaced by {run.replaced_by or 'none'}, which is not there"
            return
        run = by_id[run.replaced_by]
    if run.run_id in seen:
        yield f"{sorted(seen)} replaced one another, and none of them ran"


def _is_older_version(here: Simulation, run: Run, by_id: dict[str, Run]) -> bool:
    """Return whether a run is of an older version of its object, which came late."""
    is_object = here.script_of(run.run_id).pipeline.per == "object"
    return is_object and _key(here, run) == _key(here, by_id.get(run.replaced_by, run))
