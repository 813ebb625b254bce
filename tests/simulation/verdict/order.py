"""Whether each function was called behind what it waits for."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

from sluice.pipeline.definition import Array, Plan, Step
from sluice.run.compiled import Kind
from sluice.run.state import Run
from sluice.run.step_graph import StepGraph
from tests.simulation.scripts import Script, needed_of
from tests.simulation.verdict.items import items_of_run

if TYPE_CHECKING:
    from tests.matrix.harness import Work
    from tests.simulation.simulation import Done, Simulation

_First = dict[tuple[str, int | None], float]


def too_early(here: Simulation, run: Run) -> Iterator[str]:
    """Yield the work that began before what it needs was done, whether it came to its end or not."""
    script = here.script_of(run.run_id)
    first = _first([work for work in here.done if work.run == run.run_id])
    counts = {name: len(items) for name, items in items_of_run(here, run).items()}
    works = [work for work in here.works if work.run == run.run_id]
    for work in works:
        for parent in needed_of(script.steps[work.step]):
            needed = _needed_items(script, script.steps[work.step], parent, work, counts)
            missing = _not_yet(first, parent, needed, work.at)
            if missing:
                yield (
                    f"{work.step} (item {work.item}, {work.job}) began at {work.at:.1f} s, before {parent}"
                    f" had done {missing[:3]}"
                )
    yield from _before_success(here, script, works)


def _not_yet(first: _First, parent: str, items: list[int | None], at: float) -> list[int | None]:
    return [item for item in items if first.get((parent, item), math.inf) > at]


def _before_success(here: Simulation, script: Script, works: list[Work]) -> Iterator[str]:
    """Yield the work that began before the run's start job, or a single job that it needs, had succeeded:
    what the jobs themselves said decides, neither the ledger nor AWS Batch. A plan is done when it has
    announced its items, and its job may still run. What runs also in a run that has failed for certain waits
    for a start job that has failed for good, too.
    """
    run = works[0].run if works else ""
    succeeded, failed = _succeeded(here, run), _failed(here, run)
    for work in works:
        for name in _starts_and_jobs(script, work.step):
            ends = [succeeded, failed] if _bears_failed_start(script, work.step, name) else [succeeded]
            if all(one.get(name, math.inf) > work.at for one in ends):
                yield f"{work.step} ({work.job}) began at {work.at:.1f} s, before {name} had succeeded"


def _starts_and_jobs(script: Script, step: str) -> list[str]:
    """Return the run's start job, if it has one, and the single jobs that a step needs."""
    starts = [one.name for one in script.compiled.steps if one.kind is Kind.START]
    needed = needed_of(script.steps[step])
    return [*starts, *(name for name in needed if not isinstance(script.steps[name], Array | Plan))]


def _bears_failed_start(script: Script, step: str, parent: str) -> bool:
    """Return whether a step runs also behind a start job that has failed for good."""
    return parent not in script.steps and step in StepGraph(script.compiled).tail


def _succeeded(here: Simulation, run: str) -> dict[str, float]:
    """Return when a process of each step first ended with code 0, or said in its last word that its work was
    done: AWS Batch may take its machine for lost behind that.
    """
    found: dict[str, float] = {}
    mine = ((name, at) for (name, _), at in here.fleet.exits.items() if name.startswith(f"{run}_"))
    ended = [(name.split("_")[1], at) for name, at in mine]
    said = [(step, at) for (of, step), at in here.words.items() if of == run]
    for step, at in [*ended, *said]:
        found[step] = min(at, found.get(step, at))
    return found


def _failed(here: Simulation, run: str) -> dict[str, float]:
    """Return when a job of each step first failed for good."""
    found: dict[str, float] = {}
    for name, at in here.fleet.failures.items():
        if name.startswith(f"{run}_"):
            step = name.split("_")[1]
            found[step] = min(at, found.get(step, at))
    return found


def _first(done: list[Done]) -> _First:
    found: _First = {}
    for work in done:
        key = work.step, work.item
        found[key] = min(work.returned, found.get(key, work.returned))
    return found


def _needed_items(
    script: Script, step: Step, parent: str, work: Work, counts: dict[str, int]
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
