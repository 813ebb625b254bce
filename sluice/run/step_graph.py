"""A pipeline's steps with what is asked of their shape again and again. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from sluice.run.compiled import CompiledPipeline, CompiledStep, Kind


@dataclass(frozen=True)
class StepGraph:
    """The graph of a compiled pipeline; what it computes once stays with it."""

    pipeline: CompiledPipeline

    @cached_property
    def steps(self) -> dict[str, CompiledStep]:
        """The steps by their names, in topological order."""
        return {step.name: step for step in self.pipeline.steps}

    def upstream(self, name: str, *, tolerated: bool = False) -> set[str]:
        """Return all steps without whose success one does not run; with ``tolerated`` also those upstream
        whose failure is tolerated.
        """
        found: set[str] = set()
        pending = [name]
        while pending:
            step = self.steps[pending.pop()]
            new = set(step.parents if tolerated else step.needs) - found
            found |= new
            pending.extend(new)
        return found

    @cached_property
    def plans(self) -> dict[str, frozenset[str]]:
        """The plans upstream of each step, however far: few, in graphs of any size."""
        found: dict[str, frozenset[str]] = {}
        for step in self.pipeline.steps:
            own = (name for name in step.needs if self.steps[name].kind is Kind.PLAN)
            found[step.name] = frozenset(own).union(*(found[name] for name in step.needs))
        return found

    @cached_property
    def dependents(self) -> dict[str, list[CompiledStep]]:
        """The steps that wait for each step, the cleanup left out."""
        found: dict[str, list[CompiledStep]] = {name: [] for name in self.steps}
        for step in self.pipeline.steps:
            for parent in step.parents if step.kind is not Kind.CLEANUP else ():
                found[parent].append(step)
        return found

    @cached_property
    def work(self) -> tuple[str, ...]:
        """The steps without the cleanup, in topological order: a run has succeeded when all of them have."""
        return tuple(step.name for step in self.pipeline.steps if step.kind is not Kind.CLEANUP)

    @cached_property
    def tail(self) -> frozenset[str]:
        """The steps that run also in a run that has failed for certain: those that always do, and their
        dependents.
        """
        found: set[str] = set()
        for step in self.pipeline.steps:
            if step.kind is not Kind.CLEANUP and (step.always or not found.isdisjoint(step.parents)):
                found.add(step.name)
        return frozenset(found)

    @cached_property
    def tolerable(self) -> frozenset[str]:
        """The steps whose failure the pipeline's shape allows to be tolerated at all, whatever fails.

        Some dependent tolerates it, and each dependent that needs the step is itself one of these.
        """
        found: set[str] = set()
        for step in reversed(self.pipeline.steps):
            dependents = self.dependents[step.name]
            needing = [one.name for one in dependents if step.name in one.needs]
            tolerant = any(step.name == parent for one in dependents for parent, _ in one.finished)
            if (needing or tolerant) and found.issuperset(needing):
                found.add(step.name)
        return frozenset(found)
