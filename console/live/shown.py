"""Turns what the ledger and AWS Batch say into the contract's forms; texts from outside are made visible.
Pure.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from console import contract
from sluice.operate.listing.summaries import RunSummary
from sluice.operate.runs.view import StepView
from sluice.operate.watching.graph import counts_of, places
from sluice.operate.watching.snapshot import Snapshot, moment
from sluice.report.inputs import input_facts
from sluice.run.compiled import Kind
from sluice.run.failures.failed_cleanup import failed_cleanup
from sluice.run.state import Run
from sluice.visible import visible

_OWN = (Kind.START, Kind.GATE, Kind.CLEANUP)


def line_of_summary(run: RunSummary) -> contract.RunLine:
    """Return a run of a listing."""
    return contract.RunLine(
        run_id=run.run_id,
        pipeline=run.pipeline,
        state=run.state,
        created_at=run.created_at,
        ended_at=run.ended_at,
        seconds=seconds_between(run.created_at, run.ended_at),
        input=visible(run.input),
        failed_step=run.failed_step,
        labels=_by_name(run.labels),
    )


def line_of_snapshot(snapshot: Snapshot) -> contract.RunLine:
    """Return a run with the reason of its failure, or of that of its cleanup."""
    run, view = snapshot.run, snapshot.view
    record = run.steps.get(run.failed_step or "") or failed_cleanup(run)
    return contract.RunLine(
        run_id=run.run_id,
        pipeline=run.pipeline.name,
        state=run.state,
        created_at=run.created_at,
        ended_at=run.ended_at,
        seconds=view.seconds,
        input=visible(view.input),
        failed_step=run.failed_step or (record.name if record else None),
        reason=shown(record.reason) if record else _replaced(run),
        labels=_by_name(run.labels),
    )


def _replaced(run: Run) -> str | None:
    return f"{run.replaced_by} came while it waited, and took its turn." if run.replaced_by else None


def _by_name(labels: Iterable[str]) -> dict[str, str]:
    """Return the values of labels such as ``team=data`` by their names."""
    parts = (label.partition("=") for label in labels)
    return {visible(name): visible(value) for name, _, value in parts}


def seconds_between(start: str, end: str | None) -> float:
    """Return how long something took, or has taken so far."""
    stop = datetime.fromisoformat(end) if end else datetime.now(UTC)
    return max(0.0, (stop - datetime.fromisoformat(start)).total_seconds())


def shown(text: str | None) -> str | None:
    """Return a text with its control characters made visible, None for none."""
    return visible(text, keep="\n") if text else None


def input_view(run: Run) -> contract.Input:
    """Return what started a run; the JSON of a request is there to be given again."""
    facts = tuple(contract.Fact(name, visible(str(text))) for name, text in input_facts(run.trigger))
    given: Any = run.trigger.get("input")
    text = next((fact.text for fact in facts if fact.name == "input"), "")
    return contract.Input(text=text, facts=facts, json=given)


def nodes_of(snapshot: Snapshot) -> tuple[contract.Node, ...]:
    """Return the steps of a run with where they are drawn."""
    drawn = places(snapshot.run.pipeline)
    return tuple(
        _node(snapshot, view, drawn[view.name].x, drawn[view.name].y) for view in snapshot.view.steps
    )


def _node(snapshot: Snapshot, view: StepView, x: int, y: int) -> contract.Node:
    record, job, counts = snapshot.record(view.name), snapshot.job(view.name), counts_of(snapshot, view)
    source = record.item_source if record else None
    planned = record.items if record else None
    return contract.Node(
        name=view.name,
        kind=view.kind,
        state=view.state,
        x=x,
        y=y,
        children=view.children,
        counts=contract.Counts(
            done=counts.done, failed=counts.failed, running=counts.running, waiting=counts.waiting
        ),
        items=source.items if source else planned,
        failed_items=record.failed_items if record else None,
        generation=record.generation if record else 0,
        seconds=view.seconds,
        started_at=moment(job.get("startedAt")),
        ended_at=moment(job.get("stoppedAt")),
        reason=shown(view.reason),
        own=view.kind in _OWN,
    )


def as_text(value: Any) -> str:
    """Return a JSON value as text."""
    return visible(json.dumps(value, ensure_ascii=False))
