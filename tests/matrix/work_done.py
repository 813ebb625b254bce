"""Whether the work was done, by what the functions and commands themselves did: independent of the ledger.

Every step that counts as succeeded has done its work, and its downstream saw it: each item (of a command each
child, of anything else the one job) was worked on to its end, and what depends on it began behind that.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sluice.run.compiled import CompiledStep, Kind
from sluice.run.state import Run, StepRecord, StepState

if TYPE_CHECKING:
    from tests.matrix.harness import Harness, Work

_OWN = (Kind.START, Kind.GATE, Kind.CLEANUP)
Unit = tuple[str, int]
"""A step, and the number of an item, or of a child where no items are known."""


@dataclass(frozen=True, slots=True)
class Finished:
    """Work that came to its end, and when; ``work.at`` is when it began. Virtual seconds."""

    work: Work
    at: float


def undone(harness: Harness, run: Run) -> Iterator[str]:
    """Yield what of the steps that count as succeeded was not done, or not seen downstream."""
    mine = list(_of(harness, run))
    first = {_unit(done.work): done.at for done in reversed(mine)}
    succeeded = {step.name: step for step in run.pipeline.steps if _counts(step, run.steps.get(step.name))}
    for name, step in succeeded.items():
        missing = _units(step, run.steps[name]) - first.keys()
        if missing - _failed(harness, run, run.steps[name]):
            yield f"{name} counts as succeeded, and was not worked on: {sorted(missing)[:5]}"
    for done in (one for one in mine if one.work.step in succeeded):
        for name in succeeded.keys() & set(succeeded[done.work.step].needs):
            yield from _too_early(done, succeeded[name], run, first)


def _failed(harness: Harness, run: Run, record: StepRecord) -> set[Unit]:
    """Return the items whose work began and has failed, where as many are tolerated and counted."""
    began = {_unit(work) for work in harness.works if (work.run, work.step) == (run.run_id, record.name)}
    failed = began - {_unit(done.work) for done in _of(harness, run)}
    return failed if len(failed) == record.failed_items else set()


def _of(harness: Harness, run: Run) -> Iterator[Finished]:
    yield from (done for done in harness.finished if done.work.run == run.run_id)


def _too_early(done: Finished, parent: CompiledStep, run: Run, first: dict[Unit, float]) -> Iterator[str]:
    """Yield that work began before what it depends on was done."""
    units = _units(parent, run.steps[parent.name])
    if parent.name in run.pipeline.step(done.work.step).each:
        units &= {(parent.name, _unit(done.work)[1])}
    early = [unit for unit in units if first.get(unit, done.work.at) > done.work.at]
    if early:
        yield f"{_unit(done.work)} began at {done.work.at:.1f}, before {early[:3]} was done"


def _counts(step: CompiledStep, record: StepRecord | None) -> bool:
    is_work = step.kind not in _OWN and not step.of_uploads
    return is_work and record is not None and record.state is StepState.SUCCEEDED


def _units(step: CompiledStep, record: StepRecord) -> set[Unit]:
    if step.kind is not Kind.ARRAY:
        return {(step.name, 0)}
    items = record.item_source.items if record.item_source and step.returns else record.children
    return {(step.name, number) for number in range(items)}


def _unit(work: Work) -> Unit:
    return work.step, int(work.child) if work.item is None else work.item
