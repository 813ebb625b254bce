"""Which steps saw an end of another that is not its last: in a run that goes on, what they did is done anew.
Pure. See docs/decisions/0044.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace

from sluice.run.compiled import CompiledStep, Kind
from sluice.run.dependencies import Records
from sluice.run.evaluation import tolerated_already
from sluice.run.state import Run, RunState, StepRecord, StepState
from sluice.run.step_graph import StepGraph


def lacking(run: Run) -> list[str]:
    """Return the arrays that succeeded without some of their items, and whose retry is to do these.

    Of a run that succeeded all of them, also those that a retry undid that was interrupted. Of another one
    those that follow, child by child, arrays of which failed children are repeated, and nothing else that
    runs again: what their other children did is what they would do once more.
    """
    if run.state is RunState.SUCCEEDED:
        return [name for name, record in run.steps.items() if record.failed_items]
    graph, found = StepGraph(run.pipeline), dict[str, None]()
    while True:
        known = len(found)
        outdated = outdated_steps(graph, as_failed(run.steps, found))
        for name in outdated:  # In topological order: what follows one of these may be another one.
            if _only_follows(graph.steps[name], run.steps, outdated.keys() - found.keys()):
                found[name] = None
        if len(found) == known:
            return list(found)


def begun_anew(run: Run) -> list[str]:
    """Return the steps that a retry of a run does anew though they did not fail, or more of them than what
    failed; with the cleanup of one that succeeded: behind them the receipt and the list of failed items are
    other ones.
    """
    has_succeeded = run.state is RunState.SUCCEEDED
    records = as_failed(run.steps, lacking(run))
    found = list(outdated_steps(StepGraph(run.pipeline), records, has_succeeded=has_succeeded))
    if has_succeeded:
        found += [step.name for step in run.pipeline.steps if _has_cleaned(step, run)]
    return found


def repeated_in_part(run: Run) -> list[str]:
    """Return the arrays that succeeded, and of which a retry repeats the children with failed items."""
    anew = begun_anew(run)
    return [name for name in lacking(run) if run.steps[name].done and name not in anew]


def as_failed(records: Records, names: Collection[str]) -> Records:
    """Return the records as if these steps had failed."""
    return {**records, **{name: replace(records[name], state=StepState.FAILED) for name in names}}


def _only_follows(step: CompiledStep, records: Records, outdated: Collection[str]) -> bool:
    """Return whether an array that is done lacks items, and nothing before it runs again but failed children
    of the arrays that it follows child by child.
    """
    record = records[step.name]
    lacks_items = record.done and bool(record.failed_items)
    if not lacks_items or step.is_retried_whole or not set(step.parents).isdisjoint(outdated):
        return False
    before = [records[name] for name in step.parents if name in records]
    return all(one.done or (one.name in step.each and not one.discarded) for one in before)


def outdated_steps(graph: StepGraph, records: Records, *, has_succeeded: bool = False) -> dict[str, str]:
    """Return the steps that a retry of a run does anew though they did not fail, in topological order, each
    with the step upstream for which it does.

    They ran behind the failure of another because they tolerate it, and that one runs again; or they are
    downstream of such a step, and then also those that failed and had finished something. With it runs
    again what it alone had tolerated: so until nothing more is found.
    In a run that ``has_succeeded`` all failures were tolerated, and all are repeated.
    """
    found: dict[str, str] = {}
    while True:
        kept = {name: record for name, record in records.items() if name not in found}
        tolerated = set() if has_succeeded else tolerated_already(graph, kept)
        more = _Pass(graph, kept, tolerated, set(found)).outdated()
        if not more:
            return {name: found[name] for name in graph.work if name in found}
        found |= more


@dataclass(slots=True)
class _Pass:
    """One pass over the steps; ``records`` are without those that are ``known`` to be outdated, and failures
    of ``tolerated`` steps are not repeated by themselves.
    """

    graph: StepGraph
    records: Mapping[str, StepRecord]
    tolerated: Collection[str]
    known: Collection[str]
    again: set[str] = field(default_factory=set)

    def outdated(self) -> dict[str, str]:
        """Return what this pass finds, with why."""
        found: dict[str, str] = {}
        for name in self.graph.work:
            step = self.graph.steps[name]
            if self._is_undone(name):
                self._add_undone(step, found)
            elif not step.of_uploads and (cause := self._cause(step.parents)):
                # The plan of uploads was written with the run, from what started it: it ran behind nothing.
                if self.records[name].done or self._has_run_behind(step, found):
                    found[name] = cause
                self.again.add(name)
        return found

    def _add_undone(self, step: CompiledStep, found: dict[str, str]) -> None:
        """Add a step that failed or never ran to those that run again, if it does."""
        if cause := self._outdated_parent(step, found):
            found[step.name] = cause
        if cause or step.name not in self.tolerated or self._cause(step.needs):
            self.again.add(step.name)

    def _has_run_behind(self, step: CompiledStep, found: Collection[str]) -> bool:
        """Return whether a step with a job may have run. One that only needs what failed waits for that in
        AWS Batch, fails with it, and the event of that is under way.
        """
        again = [name for name in step.parents if name in self.again]
        return any(name not in step.needs or name in found or name in self.known for name in again)

    def _outdated_parent(self, step: CompiledStep, found: Collection[str]) -> str | None:
        """Return the outdated step before one that failed and may have finished something behind it; not
        before one that is undone already.
        """
        record = self.records.get(step.name)
        if record is None or not has_objects(step, record):
            return None
        return next((name for name in step.parents if name in found or name in self.known), None)

    def _is_undone(self, name: str) -> bool:
        record = self.records.get(name)
        return record is None or record.failed

    def _cause(self, parents: Collection[str]) -> str | None:
        """Return the first of these that runs again."""
        return next((name for name in parents if name in self.again), None)


def _has_cleaned(step: CompiledStep, run: Run) -> bool:
    return step.kind is Kind.CLEANUP and step.name in run.steps and not run.steps[step.name].failed


def has_objects(step: CompiledStep, record: StepRecord) -> bool:
    """Return whether a step left what its next generation would take for its own: results, or items."""
    return step.kind in (Kind.ARRAY, Kind.PLAN) and record.job_id is not None
