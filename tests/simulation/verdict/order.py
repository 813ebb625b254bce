"""Whether each function was called behind what it waits for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from sluice.pipeline.definition import Array, Plan, Step
from sluice.run.state import Run
from tests.simulation.scripts import Script, needed_of
from tests.simulation.verdict.items import items_of_run

if TYPE_CHECKING:
    from tests.simulation.simulation import Done, Simulation

_First = dict[tuple[str, int | None], float]


def too_early(here: Simulation, run: Run) -> Iterator[str]:
    """Yield the work that began before what it needs was done."""
    mine = [work for work in here.done if work.run == run.run_id]
    script, first = here.script_of(run.run_id), _first(mine)
    counts = {name: len(items) for name, items in items_of_run(here, run).items()}
    for work in mine:
        step = script.steps[work.step]
        for parent in needed_of(step):
            missing = [
                item
                for item in _needed_items(script, step, parent, work, counts)
                if first.get((parent, item), work.began + 1) > work.began
            ]
            if missing:
                yield (
                    f"{work.step} (item {work.item}, {work.job}) began at {work.began:.1f} s, before {parent}"
                    f" had done {missing[:3]}"
                )


def _first(done: list[Done]) -> _First:
    found: _First = {}
    for work in done:
        key = work.step, work.item
        found[key] = min(work.returned, found.get(key, work.returned))
    return found


def _needed_items(
    script: Script, step: Step, parent: str, work: Done, counts: dict[str, int]
) -> list[int | None]:
    """Return the items of a parent that must be done before: of an array that it follows the same one, of any
    other all.
    """
    before = script.steps[parent]
    if isinstance(before, Plan):
        return [] if before.of_uploads else [None]
    if not isinstance(before, Array):
        return [None]
    if isinstance(step, Array) and parent in step.follows:
        return [work.item]
    return list(range(counts[parent]))
