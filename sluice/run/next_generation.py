"""What the next submission of a step is: its children, its jobs to wait for, and its specification. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace

from sluice.run import child_ranges
from sluice.run.compiled import CompiledStep, Kind
from sluice.run.dependencies import Records, Submissions, sources, waits
from sluice.run.spot_moves import may_move
from sluice.run.state import GenerationSpec, ItemSource, Run, RunState, StepRecord, StepState
from sluice.run.step_graph import StepGraph
from sluice.run.submission import Submission, children_of

NEVER_RAN = "*"
"""What stands in ``GenerationSpec.missing`` for a step that never ran: all of it is missing."""


def next_submission(
    step: CompiledStep,
    graph: StepGraph,
    records: Records,
    submitted: Submissions,
    reopened: int,
    failed_upstream: Iterable[str],
    *,
    is_retry: bool,
) -> Submission:
    """Return the submission of a step that can be submitted now; ``failed_upstream`` are the failed arrays
    whose failure it tolerates.
    """
    source = _item_source(step, records)
    children = children_of(source.items, step.items_per_child) if source else 1
    before = _parent_generations(step, graph, records, submitted)
    missing = {name: _missing(records.get(name)) for name in failed_upstream}
    spec = GenerationSpec(parent_generations=before, reopened=reopened, missing=missing)
    generation = 0
    if is_retry:
        record = records[step.name]
        generation = record.generation + 1
        spec = _retry_spec(step, record, spec, is_own_failure=_failed_on_its_own(record, reopened, before))
    wait = tuple(waits(step, spec.children, graph, records, submitted))
    return Submission(step, children, wait, source, generation, spec)


def _retry_spec(
    step: CompiledStep, record: StepRecord, spec: GenerationSpec, *, is_own_failure: bool
) -> GenerationSpec:
    """Return what the next generation of a failed step is for: its failed children, those that lost their
    machines apart, or the whole step.
    """
    failed, spec = record.failed_indexes, replace(spec, tries=record.spec.tries)
    if is_own_failure and failed is not None and may_move(step, record):
        moved = set(child_ranges.from_text(record.reclaimed_children or ""))
        deferred = child_ranges.to_text(set(failed) - moved) or None
        part = _part(moved, record.children)
        return replace(spec, children=part, queue=step.steady, deferred_children=deferred)
    # What failed only downstream of something that is repeated, or is retried by a person, uses up none of
    # its own tries.
    spec = replace(spec, tries=spec.tries + is_own_failure)
    if step.is_retried_whole or failed is None:
        return spec
    return replace(spec, children=_part(failed, record.children))


def is_known_what_to_repeat(
    step: CompiledStep, graph: StepGraph, records: Records, submitted: Submissions, reopened: int
) -> bool:
    """Return whether it is known which children of a failed step are to run again."""
    record = records[step.name]
    if not step.is_retried_whole and record.failed_indexes is None:
        return False
    before = _parent_generations(step, graph, records, submitted)
    return not (_failed_on_its_own(record, reopened, before) and may_move(step, record) is None)


def _failed_on_its_own(record: StepRecord, reopened: int, parent_generations: int) -> bool:
    """Return whether a step failed on its own since the run was last reopened, and not only downstream of
    something that is repeated.
    """
    spec = record.spec
    return spec.reopened == reopened and spec.parent_generations == parent_generations


def _parent_generations(
    step: CompiledStep, graph: StepGraph, records: Records, submitted: Submissions
) -> int:
    names = sources(step, graph, records, submitted)
    return sum((submitted.get(name) or records[name]).generation for name in names)


def _missing(record: StepRecord | None) -> str:
    return NEVER_RAN if record is None else child_ranges.to_text(record.failed_indexes or ())


def _item_source(step: CompiledStep, records: Records) -> ItemSource | None:
    if step.items_of:
        plan = records[step.items_of]
        return ItemSource(plan.manifest, plan.items or 0)
    return ItemSource(None, step.size) if step.size is not None else None


def _part(children: Collection[int], all_children: int) -> str | None:
    """Return these children as text, None for all of them: two generations are of the same children when this
    is equal.
    """
    return None if len(children) == all_children else child_ranges.to_text(children)


def resubmission(graph: StepGraph, records: Records, name: str) -> Submission | None:
    """Return how to submit a step whose claim was abandoned; None while something that it waits for has
    failed.
    """
    record, step = records[name], graph.steps[name]
    others = {other: one for other, one in records.items() if other != name}
    wait = tuple(waits(step, record.spec.children, graph, others))
    if any(records[one.step].failed or records[one.step].spec.deferred_children for one in wait):
        return None
    return Submission(step, record.children, wait, record.item_source, record.generation, record.spec)


def last_cleanup(run: Run) -> Submission | None:
    """Return the submission of the cleanup of a failed run, which waits for nothing; None while a job of it
    lives, or when it is over.
    """
    step = next((one for one in run.pipeline.steps if one.kind is Kind.CLEANUP), None)
    live = any(record.state is StepState.SUBMITTED for record in run.steps.values())
    if step is None or live or run.state is not RunState.FAILED:
        return None
    record = run.steps.get(step.name)
    if record is not None and not record.failed:
        return None
    return Submission(step, 1, generation=record.generation + 1 if record else 0)
