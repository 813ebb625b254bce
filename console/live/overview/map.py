"""The map of all pipelines: which starts which, and how the newest runs of each went."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from console import contract
from console.live.cloud import Catalog
from sluice.operate.listing.summaries import RunSummary
from sluice.run.graph import topological_order
from sluice.run.state import RunState

NEWEST = 20
"""So many of the newest runs of a pipeline count."""
_NO_RUN = "NOT_RUN"


def map_of(catalog: Catalog, runs: Iterable[RunSummary]) -> contract.Map:
    """Return the map; ``runs`` are the newest of all pipelines, the newest first."""
    pipelines = tuple(one.form for one in catalog.pipelines)
    newest: dict[str, list[RunSummary]] = {}
    for run in runs:
        newest.setdefault(run.pipeline, []).append(run)
    nodes = _nodes(pipelines, newest)
    layers = Counter(node.x for node in nodes)
    graph = contract.Graph(
        nodes=nodes, edges=_edges(pipelines), width=len(layers), height=max(layers.values(), default=0)
    )
    return contract.Map(graph=graph, pipelines=pipelines, note=catalog.note)


def _nodes(
    pipelines: Sequence[contract.Pipeline], newest: Mapping[str, Sequence[RunSummary]]
) -> tuple[contract.Node, ...]:
    """Return a node for each pipeline, one layer behind the last of those that start it."""
    upstream = _upstream(pipelines)
    layers: dict[str, int] = {}
    sizes: Counter[int] = Counter()
    found = []
    for name in topological_order(upstream):
        x = max((layers[one] + 1 for one in upstream[name]), default=0)
        layers[name] = x
        found.append(_node(name, x, sizes[x], newest.get(name, ())[:NEWEST]))
        sizes[x] += 1
    return tuple(found)


def _node(name: str, x: int, y: int, runs: Sequence[RunSummary]) -> contract.Node:
    states = Counter(run.state for run in runs)
    waiting, running = states[RunState.WAITING], states[RunState.RUNNING]
    failed = states[RunState.FAILED]
    last = runs[0] if runs else None
    return contract.Node(
        name=name,
        kind="pipeline",
        state=last.state if last else _NO_RUN,
        x=x,
        y=y,
        children=len(runs),
        counts=contract.Counts(
            done=len(runs) - failed - running - waiting, failed=failed, running=running, waiting=waiting
        ),
        items=None,
        failed_items=None,
        generation=0,
        seconds=None,
        started_at=last.created_at if last else None,
        ended_at=last.ended_at if last else None,
        reason=f"It failed at {last.failed_step}." if last and last.failed_step else None,
        own=False,
    )


def _edges(pipelines: Sequence[contract.Pipeline]) -> tuple[contract.Edge, ...]:
    results = {one.name: one.results for one in pipelines}
    return tuple(
        contract.Edge(
            parent=parent,
            child=child,
            why="after",
            text=f"A run of {parent} starts {child}, with what it has published in {results[parent]}.",
            open=False,
        )
        for child, parents in _upstream(pipelines).items()
        for parent in parents
    )


def _upstream(pipelines: Sequence[contract.Pipeline]) -> dict[str, tuple[str, ...]]:
    names = {one.name for one in pipelines}
    return {one.name: tuple(name for name in one.after if name in names) for one in pipelines}
