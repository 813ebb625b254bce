"""Reads runs for the page: lists, a run with its graph, two beside each other."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from typing import TypeVar

from console import contract
from console.backend import RunQuery
from console.live.cache import Cache
from console.live.shown import input_view, line_of_snapshot, line_of_summary, nodes_of
from sluice.operate.listing.listing import RunFilter
from sluice.operate.listing.summaries import RunSummary
from sluice.operate.watching.graph import edges_of
from sluice.operate.watching.snapshot import Snapshot
from sluice.run.failures.failed_cleanup import failed_cleanup
from sluice.run.state import RunState
from sluice.visible import visible

T = TypeVar("T")
PAGE = 50
MAX_LISTED = 2_000
"""So many of the newest runs are looked through for a text or a day."""
_MAX_TRENDS = 100
_BEHIND_A_DAY = "~"
"""Sorts behind whatever follows a day, or the beginning of a time."""


def actions_of(state: str, *, has_failed_cleanup: bool = False) -> tuple[str, ...]:
    """Return those of the contract's actions that a run's state allows; a failed cleanup can be retried."""
    if has_failed_cleanup:
        return ("retry", "rerun")
    if state == RunState.FAILED:
        return ("retry", "retry-current", "rerun", "cancel")
    return ("cancel", "rerun") if state in (RunState.RUNNING, RunState.WAITING) else ("rerun",)


def asked_for(query: RunQuery, state: RunState | None) -> tuple[RunFilter, int]:
    """Return the runs that a query is about, and how many of them its page needs; 2,000 at most."""
    asked = RunFilter(
        pipeline=query.pipeline,
        state=state,
        since=query.since,
        until=None if query.until is None else query.until + _BEHIND_A_DAY,
        input=query.input,
        labels=frozenset([query.label] if query.label else []),
    )
    return asked, min(_start(query) + PAGE + 1, MAX_LISTED)


def page_of(found: Sequence[RunSummary], query: RunQuery, pipelines: tuple[str, ...]) -> contract.Runs:
    """Return a page of the newest runs that match a query."""
    end = _start(query) + PAGE
    return contract.Runs(
        runs=tuple(map(line_of_summary, found[_start(query) : end])),
        next=str(end) if end < len(found) else None,
        pipelines=pipelines,
    )


def _start(query: RunQuery) -> int:
    return min(int(query.next), MAX_LISTED) if query.next and query.next.isdecimal() else 0


def detail_of(snapshot: Snapshot) -> contract.RunDetail:
    """Return a run with its graph."""
    nodes = nodes_of(snapshot)
    edges = tuple(
        contract.Edge(parent=one.parent, child=one.child, why=one.why, text=one.text, open=one.open)
        for one in edges_of(snapshot)
    )
    layers = Counter(node.x for node in nodes)
    graph = contract.Graph(
        nodes=nodes, edges=edges, width=len(layers), height=max(layers.values(), default=0)
    )
    return contract.RunDetail(
        run=line_of_snapshot(snapshot),
        version=version_of(snapshot),
        reopened=snapshot.run.reopened,
        input=input_view(snapshot.run),
        graph=graph,
        actions=actions_of(snapshot.run.state, has_failed_cleanup=failed_cleanup(snapshot.run) is not None),
    )


def version_of(snapshot: Snapshot) -> str:
    """Return a text that changes when anything of a run does, but for the clock."""
    steps = [
        [step.name, step.state, step.children, step.done, step.failed, step.reason]
        for step in snapshot.view.steps
    ]
    flights = [
        sorted(((job.get("arrayProperties") or {}).get("statusSummary") or {}).items())
        for job in snapshot.jobs.values()
    ]
    records = [[one.name, one.generation, one.items, one.failed_items] for one in snapshot.run.steps.values()]
    text = json.dumps([snapshot.run.state, snapshot.run.reopened, steps, flights, records])
    return digest(text)


def kept(
    cache: Cache, what: str | tuple[object, ...], snapshot: Snapshot, seconds: float, read: Callable[[], T]
) -> T:
    """Return what is read of a run in this version: who heard of a change gets nothing of before."""
    return cache.get((what, snapshot.run.run_id, version_of(snapshot)), seconds, read)


def digest(text: str) -> str:
    """Return a short text for a long one."""
    return sha256(text.encode()).hexdigest()[:16]


def comparison_of(a: Snapshot, b: Snapshot) -> contract.Comparison:
    """Return two runs beside each other."""
    names = dict.fromkeys(step.name for one in (a, b) for step in one.run.pipeline.steps)
    inputs = [json.dumps(one.run.trigger, ensure_ascii=False, sort_keys=True, indent=2) for one in (a, b)]
    shown = [visible(text, keep="\n") for text in inputs]
    return contract.Comparison(
        a=line_of_snapshot(a),
        b=line_of_snapshot(b),
        steps=tuple(_compared(name, a, b) for name in names),
        input_a=shown[0],
        input_b=shown[1],
        same_input=inputs[0] == inputs[1],
    )


def _compared(name: str, a: Snapshot, b: Snapshot) -> contract.StepComparison:
    times = [_times(name, one) for one in (a, b)]
    first, second = times
    same = first is not None and second is not None and first.definition == second.definition
    return contract.StepComparison(name=name, a=first, b=second, same_code=same)


def _times(name: str, snapshot: Snapshot) -> contract.StepTimes | None:
    view = snapshot.step(name)
    if view is None:
        return None
    definition = snapshot.run.pipeline.step(name).job_definition.rpartition("/")[2]
    return contract.StepTimes(
        state=view.state,
        seconds=view.seconds,
        children=view.children,
        failed=view.failed,
        definition=definition,
    )


def trends_of(pipeline: str, runs: tuple[RunSummary, ...]) -> contract.Trends:
    """Return the newest runs of a pipeline, the oldest first."""
    newest = runs[:_MAX_TRENDS]
    failed = Counter(run.failed_step for run in newest if run.failed_step)
    return contract.Trends(
        pipeline=pipeline,
        runs=tuple(line_of_summary(run) for run in reversed(newest)),
        failed_steps=dict(failed.most_common()),
    )


def now() -> str:
    """Return the time."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")
