"""What the next submission of a step is: its children, its jobs to wait for, and its specification. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace

from sluice.run import child_ranges
from sluice.run.compiled import CompiledStep, Kind
from sluice.run.dependencies import Records, Submissions, failed_parent_jobs, sources, waits
from sluice.run.failures.machine_faults import faulted, repeats_faults
from sluice.run.failures.memory_moves import moves_to_more_memory, next_memory
from sluice.run.failures.spot_moves import may_move
from sluice.run.state import Code, GenerationSpec, ItemSource, Run, RunState, StepRecord, StepState
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
    children = _children(step, source, records, submitted, is_retry=is_retry)
    before = _parent_generations(step, graph, records, submitted)
    died = failed_parent_jobs(sources(step, graph, records, submitted), _left(records, submitted))
    missing = {name: _missing(records.get(name)) for name in failed_upstream}
    spec = GenerationSpec(
        parent_generations=before, reopened=reopened, missing=missing, failed_parent_jobs=died
    )
    generation, earlier = 0, tuple[Code, ...]()
    if is_retry:
        record = records[step.name]
        earlier = record.code
        generation = record.generation + 1
        spec = _retry_spec(step, record, spec, is_own_failure=_failed_on_its_own(record, spec))
    wait = tuple(waits(step, spec.children, graph, records, submitted))
    return Submission(step, children, wait, source, generation, spec, earlier)


def _children(
    step: CompiledStep,
    source: ItemSource | None,
    records: Records,
    submitted: Submissions,
    *,
    is_retry: bool,
) -> int:
    """Return how many children a step has. Those of an earlier generation stay, and an array that follows
    another child by child has as many: current code may cut its slices otherwise.
    """
    if source is None:
        return 1
    if is_retry and records[step.name].item_source == source:
        return records[step.name].children
    for name in step.each:
        parent = submitted.get(name) or records.get(name)
        if parent is not None and parent.item_source == source:
            return parent.children
    return children_of(source.items, step.items_per_child)


def _retry_spec(
    step: CompiledStep, record: StepRecord, spec: GenerationSpec, *, is_own_failure: bool
) -> GenerationSpec:
    """Return what the next generation of a failed step is for: its failed children, those that their machines
    ended or that want more memory apart, or the whole step.
    """
    failed = record.failed_indexes
    is_same_opening = record.spec.reopened == spec.reopened
    faults = record.spec.machine_faults if is_same_opening else 0
    spec = replace(spec, tries=record.spec.tries, machine_faults=faults)
    if is_own_failure and failed is not None:
        apart = _apart(step, record, failed, spec)
        if apart is not None:
            return apart
    # What failed only downstream of something that is repeated, or is retried by a person, uses up none of
    # its own tries.
    spec = replace(spec, tries=spec.tries + is_own_failure)
    if record.spec.deferred_children is None:
        spec = replace(spec, memory=record.spec.memory)
    if step.is_retried_whole or failed is None:
        return spec
    return replace(spec, children=_part(failed, record.children))


def _apart(
    step: CompiledStep, record: StepRecord, failed: Collection[int], spec: GenerationSpec
) -> GenerationSpec | None:
    """Return what a generation is for that gives some of the failed children another machine, and leaves the
    others to the next one; None where none of them is to have one.

    What a fault of its machine ended goes along with whatever else goes: the next generation would not know
    of it.
    """
    again = faulted(step, record)
    if again:
        spec = replace(spec, machine_faults=spec.machine_faults + 1)
    if may_move(step, record):
        return _moved(record, failed, record.reclaimed_children, again, replace(spec, queue=step.steady))
    if moves_to_more_memory(step, record):
        more = replace(spec, memory=next_memory(step, record.spec))
        return _moved(record, failed, record.memory_children, again, more)
    if not again:
        return None
    same = replace(spec, queue=record.spec.queue, memory=record.spec.memory)
    return same if step.is_retried_whole else _moved(record, failed, None, again, same)


def _moved(
    record: StepRecord,
    failed: Collection[int],
    children: str | None,
    others: Collection[int],
    spec: GenerationSpec,
) -> GenerationSpec:
    """Return what a generation is for that repeats some of the failed children, and leaves the rest to the
    next one.
    """
    moved = {*child_ranges.from_text(children or ""), *others}
    deferred = child_ranges.to_text(set(failed) - moved) or None
    return replace(spec, children=_part(moved, record.children), deferred_children=deferred)


def is_known_what_to_repeat(
    step: CompiledStep, graph: StepGraph, records: Records, submitted: Submissions, reopened: int
) -> bool:
    """Return whether it is known which children of a failed step are to run again."""
    record = records[step.name]
    if not step.is_retried_whole and record.failed_indexes is None:
        return False
    before = _parent_generations(step, graph, records, submitted)
    died = failed_parent_jobs(sources(step, graph, records, submitted), _left(records, submitted))
    spec = GenerationSpec(parent_generations=before, reopened=reopened, failed_parent_jobs=died)
    is_lost = (may_move(step, record), repeats_faults(step, record))
    return not (_failed_on_its_own(record, spec) and None in is_lost)


def _failed_on_its_own(record: StepRecord, now: GenerationSpec) -> bool:
    """Return whether a step failed on its own since the run was last reopened, and not only downstream of
    something that is repeated, or whose job failed; ``now`` says what stands before its next generation.
    """
    spec = record.spec
    is_behind_the_same = spec.parent_generations == now.parent_generations
    return (
        spec.reopened == now.reopened
        and is_behind_the_same
        and spec.failed_parent_jobs >= now.failed_parent_jobs
    )


def _left(records: Records, submitted: Submissions) -> Records:
    """Return the records of the steps that are not submitted now."""
    return {name: record for name, record in records.items() if name not in submitted}


def _parent_generations(
    step: CompiledStep, graph: StepGraph, records: Records, submitted: Submissions
) -> int:
    names = sources(step, graph, records, submitted)
    known = (submitted.get(name) or records.get(name) for name in names)
    return sum(one.generation for one in known if one is not None)


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
    source = record.item_source
    return Submission(step, record.children, wait, source, record.generation, record.spec, record.code)


def _cleanup_of(run: Run) -> CompiledStep | None:
    return next((one for one in run.pipeline.steps if one.kind is Kind.CLEANUP), None)


def last_cleanup(run: Run) -> Submission | None:
    """Return the submission of the cleanup of a failed run, which waits for nothing; None while a job of it
    lives, or when it is over.

    A cleanup that was claimed, and never submitted before the run failed, is nobody's any more.
    """
    step = _cleanup_of(run)
    live = any(record.state is StepState.SUBMITTED for record in run.steps.values())
    if step is None or live or run.state is not RunState.FAILED:
        return None
    record = run.steps.get(step.name)
    if record is None:
        return Submission(step, 1)
    if not (record.failed or record.state is StepState.CLAIMED):
        return None
    return Submission(step, 1, generation=record.generation + 1, earlier_code=record.code)
