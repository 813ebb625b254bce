"""The shape of a pipeline: who waits for whom. Pure, on names only."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from graphlib import CycleError, TopologicalSorter

Parents = Mapping[str, tuple[str, ...]]


def topological_order(parents: Parents) -> tuple[str, ...]:
    """Return the steps so that each stands behind its parents; steps that are free keep the order they were
    given in.

    Raises graphlib.CycleError when there is a cycle.
    """
    sorter = TopologicalSorter(parents)
    sorter.prepare()
    position = {name: number for number, name in enumerate(parents)}
    order: list[str] = []
    while sorter.is_active():
        ready = sorted(sorter.get_ready(), key=position.__getitem__)
        order.extend(ready)
        sorter.done(*ready)
    return tuple(order)


def find_cycle(parents: Parents) -> tuple[str, ...]:
    """Return the names along a cycle, first and last the same, or nothing when there is none."""
    try:
        TopologicalSorter(parents).prepare()
    except CycleError as error:
        return tuple(error.args[1])
    return ()


def before(parents: Parents, name: str) -> frozenset[str]:
    """Return all steps before one, its parents' parents included."""
    found: set[str] = set()
    pending = list(parents[name])
    while pending:
        if (parent := pending.pop()) not in found:
            found.add(parent)
            pending.extend(parents[parent])
    return frozenset(found)


def sinks(parents: Parents) -> tuple[str, ...]:
    """Return the steps that nothing waits for."""
    waited_for = {parent for names in parents.values() for parent in names}
    return tuple(name for name in parents if name not in waited_for)


def gate_tree(names: Iterable[str], width: int) -> tuple[tuple[tuple[str, ...], ...], ...]:
    """Return levels of groups, each of at most ``width``, that fold these names until at most ``width``
    groups are left.

    A step can wait for ``width`` jobs only; each group becomes a tiny job that waits for its members. No
    level: no gate is needed. The members of a level's groups are the names, for the first, and positions (as
    text) of the level before, for the others.
    """
    members = tuple(names)
    levels: list[tuple[tuple[str, ...], ...]] = []
    while len(members) > width:
        groups = tuple(members[start : start + width] for start in range(0, len(members), width))
        levels.append(groups)
        members = tuple(str(position) for position in range(len(groups)))
    return tuple(levels)
