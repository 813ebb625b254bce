"""What will become of each step of a run, as far as the ledger knows: which will be submitted again, and
which are lost for good. Pure.

See docs/decisions/0015-generations.md, and 0016 for steps that bear the failure of others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

from sluice.run.compiled import CompiledPipeline, CompiledStep, Kind
from sluice.run.state import StepRecord, StepState

Records = Mapping[str, StepRecord]


class StepOutcome(StrEnum):
    """What will become of a step."""

    WAITING = "WAITING"
    """Nobody has claimed it; it may still run."""
    LIVE = "LIVE"
    """It is claimed or has a job."""
    STALE = "STALE"
    """Nothing may be submitted behind its job: what that waits for failed, and was submitted again since; or
    it is only a part.
    """
    DONE = "DONE"
    RETRY_PENDING = "RETRY_PENDING"
    """It failed, and is submitted again as soon as what it needs is."""
    UNDETERMINED = "UNDETERMINED"
    """It failed, and something before it may turn out to be why: a cause may be told after its effect."""
    FAILED_FINAL = "FAILED_FINAL"
    """It failed for good, or never will run."""


Fates = Mapping[str, StepOutcome]
SETTLED = (StepOutcome.DONE, StepOutcome.FAILED_FINAL)


@dataclass(frozen=True)
class Graph:
    """A pipeline with what is asked of its shape again and again."""

    pipeline: CompiledPipeline

    @cached_property
    def steps(self) -> dict[str, CompiledStep]:
        """The steps by their names, in topological order."""
        return {step.name: step for step in self.pipeline.steps}

    def before(self, name: str, *, borne: bool = False) -> set[str]:
        """Return all steps without which one does not run; ``borne``: and those before it whose failure is
        borne.
        """
        found: set[str] = set()
        pending = [name]
        while pending:
            step = self.steps[pending.pop()]
            new = set(step.parents if borne else step.needs) - found
            found |= new
            pending.extend(new)
        return found

    @cached_property
    def plans(self) -> dict[str, frozenset[str]]:
        """For each step the plans before it, however far: few, in graphs of any size."""
        found: dict[str, frozenset[str]] = {}
        for step in self.pipeline.steps:
            own = (name for name in step.needs if self.steps[name].kind is Kind.PLAN)
            found[step.name] = frozenset(own).union(*(found[name] for name in step.needs))
        return found

    @cached_property
    def dependents(self) -> dict[str, list[CompiledStep]]:
        """For each step those that wait for it, the cleanup left out."""
        found: dict[str, list[CompiledStep]] = {name: [] for name in self.steps}
        for step in self.pipeline.steps:
            for parent in step.parents if step.kind is not Kind.CLEANUP else ():
                found[parent].append(step)
        return found

    @cached_property
    def tail(self) -> frozenset[str]:
        """The steps that run also in a run that has failed for certain: those that always do, and what stands
        behind them.
        """
        found: set[str] = set()
        for step in self.pipeline.steps:
            if step.kind is not Kind.CLEANUP and (step.always or not found.isdisjoint(step.parents)):
                found.add(step.name)
        return frozenset(found)


def waited_for(step: CompiledStep, graph: Graph, empty: Callable[[str], bool]) -> Iterator[tuple[str, bool]]:
    """Yield whom a step needs, and whether child by child; in place of an empty one, those that it would have
    waited for.
    """
    seen: set[str] = set()
    pending = [(name, name in step.each) for name in step.needs]
    for name, each in pending:  # grows while it is read
        if name in seen:
            continue
        seen.add(name)
        if empty(name):
            pending.extend((parent, False) for parent in graph.steps[name].needs)
        else:
            yield name, each


def fates(
    graph: Graph, records: Records, reopened: int = 0, *, failing: bool = False
) -> dict[str, StepOutcome]:
    """Return what will become of each step; in a ``failing`` run nothing is submitted but its tail."""
    found: dict[str, StepOutcome] = {}
    pointless = _pointless(graph, records)
    for step in graph.pipeline.steps:
        over = failing and step.name not in graph.tail
        record = records.get(step.name)
        if record is None:
            found[step.name] = (
                StepOutcome.FAILED_FINAL if over or _hopeless(step, records, found) else StepOutcome.WAITING
            )
        elif record.failed:
            free = record.spec.reopened < reopened and step.name not in pointless
            found[step.name] = (
                StepOutcome.FAILED_FINAL if over else _fate_of_failed(step, graph, records, found, free=free)
            )
        elif record.done:
            found[step.name] = (
                _fate_of_empty(step, records, found) if record.state is StepState.EMPTY else StepOutcome.DONE
            )
        else:
            # Behind a generation that leaves failed children to the next one nothing may run, either.
            part = record.spec.deferred_children is not None
            found[step.name] = (
                StepOutcome.STALE if part or superseded(step, graph, records) else StepOutcome.LIVE
            )
    return found


def superseded(step: CompiledStep, graph: Graph, records: Records) -> bool:
    """Return whether something that a step's job waited for was submitted again since."""
    return records[step.name].spec.parent_generations < generations_before(step, graph, records)


def generations_before(step: CompiledStep, graph: Graph, records: Records) -> int:
    """Return the sum of the generations of what a step waits for."""
    return sum(
        records[name].generation for name, _ in waited_for(step, graph, _empty(records)) if name in records
    )


def satisfied(share: float, fate: StepOutcome, record: StepRecord | None) -> bool | None:
    """Return whether enough children of an array that has ended succeeded; None when it must be asked which
    failed.
    """
    if fate is StepOutcome.DONE or record is None or record.children == 0:
        return fate is StepOutcome.DONE
    failed = record.failed_indexes
    return None if failed is None else (record.children - len(failed)) / record.children >= share


def _fate_of_failed(
    step: CompiledStep, graph: Graph, records: Records, found: Fates, *, free: bool
) -> StepOutcome:
    if any(found[name] is StepOutcome.FAILED_FINAL for name in step.needs):
        return StepOutcome.FAILED_FINAL
    waits = [name for name, _ in waited_for(step, graph, _empty(records))]
    if any(found[name] is StepOutcome.RETRY_PENDING for name in waits) or superseded(step, graph, records):
        return StepOutcome.RETRY_PENDING
    record = records[step.name]
    # A job that could not be submitted failed by itself, whatever becomes of what stands before it.
    if record.job_id is not None and not all(
        found[name] in SETTLED or records[name].planned for name in graph.before(step.name)
    ):
        return StepOutcome.UNDETERMINED
    return (
        StepOutcome.RETRY_PENDING
        if free or record.spec.tries < step.times or may_move(step, record) is not False
        else StepOutcome.FAILED_FINAL
    )


def may_move(step: CompiledStep, record: StepRecord) -> bool | None:
    """Return whether some failed children go to machines that are not taken back; None when it must be asked
    which lost theirs.
    """
    if (
        not step.reclaimed
        or record.spec.queue is not None
        or step.queue == step.steady
        or step.is_retried_whole
        or record.job_id is None
    ):
        return False
    if record.state is not StepState.FAILED:
        return False
    return None if record.reclaimed_children is None else bool(record.reclaimed_children)


def _fate_of_empty(step: CompiledStep, records: Records, found: Fates) -> StepOutcome:
    """Return the fate of a step that has nothing to do: it stands for what it would have waited for."""
    if any(found[name] is StepOutcome.FAILED_FINAL for name in step.needs):
        return StepOutcome.FAILED_FINAL
    return (
        StepOutcome.DONE
        if all(found[name] is StepOutcome.DONE or records[name].planned for name in step.needs)
        else StepOutcome.LIVE
    )


def _hopeless(step: CompiledStep, records: Records, found: Fates) -> bool:
    if any(found[name] is StepOutcome.FAILED_FINAL for name in step.needs):
        return True
    lost = [(name, share) for name, share in step.finished if found[name] is StepOutcome.FAILED_FINAL]
    return any(satisfied(share, StepOutcome.FAILED_FINAL, records.get(name)) is False for name, share in lost)


def _pointless(graph: Graph, records: Records) -> set[str]:
    """Return the steps whose failure everything behind them has borne already: to mend them would change
    nothing any more.
    """
    found: set[str] = set()
    for step in reversed(graph.pipeline.steps):
        behind = [
            one for one in graph.dependents[step.name] if step.name not in one.always
        ]  # which bears nothing
        if behind and all(
            one.name in found if step.name in one.needs else _ran(records.get(one.name)) for one in behind
        ):
            found.add(step.name)
    return found


def _ran(record: StepRecord | None) -> bool:
    return record is not None and not record.failed


def _empty(records: Records) -> Callable[[str], bool]:
    return lambda name: name in records and records[name].state is StepState.EMPTY
