"""How many failed items of an array its dependents tolerate. Pure."""

from __future__ import annotations

from sluice.run.compiled import CompiledStep
from sluice.run.failures.memory_moves import may_have_more_memory
from sluice.run.state import GenerationSpec
from sluice.run.step_graph import StepGraph


def max_failed(graph: StepGraph, name: str, items: int) -> int | None:
    """Return how many items of an array may fail, None where no failure of an item is tolerated.

    A dependent with ``finished`` says how many. An array that follows child by child has no successor of a
    failed item, so it tolerates as many as its own dependents do. Any other dependent needs the whole array.
    """
    if not graph.steps[name].continues or name not in graph.tolerable:
        return None
    limits = [_limit(graph, name, one, items) for one in graph.dependents[name] if name not in one.always]
    found = [limit for limit in limits if limit is not None]
    return min(found) if found and len(found) == len(limits) else None


def max_failed_now(graph: StepGraph, name: str, spec: GenerationSpec, items: int, memory: int) -> int | None:
    """Return how many items may fail in this generation, None where one fails the step: also while the
    failed items are submitted again by themselves, or, of ``memory`` killed ones, on larger machines.
    """
    step = graph.steps[name]
    is_last = spec.tries >= step.times and not (memory and may_have_more_memory(step, spec))
    return max_failed(graph, name, items) if is_last else None


def _limit(graph: StepGraph, name: str, dependent: CompiledStep, items: int) -> int | None:
    """Return how many failed items of a step one dependent tolerates, None for none."""
    if name in dependent.each:
        return max_failed(graph, dependent.name, items)
    tolerance = dependent.tolerances.get(name)
    return None if tolerance is None else tolerance.max_failed(items)
