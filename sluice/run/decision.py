"""What a run needs next: compares the graph with what the ledger says was submitted. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from sluice.run.compiled import CompiledPipeline, Kind
from sluice.run.dependencies import Records
from sluice.run.evaluation import RunEvaluation, StepEvaluation, StepOutcome, evaluate_run
from sluice.run.start_job import left_to_start_job
from sluice.run.state import RunState
from sluice.run.step_graph import StepGraph
from sluice.run.submission import Submission


@dataclass(frozen=True, slots=True)
class Decision:
    """What to do for a run: submit these, in this order, and whether the run has come to an end.

    ``failed_step`` is why the run fails; it may be certain before the end. ``unresolved_steps`` are the
    failed steps of which it must be found out which children failed before the run can go on.
    """

    submissions: tuple[Submission, ...]
    outcome: RunState
    failed_step: str | None = None
    unresolved_steps: tuple[str, ...] = ()


def decide(
    pipeline: CompiledPipeline, records: Records, reopened: int = 0, *, starting: bool = False
) -> Decision:
    """Return what the run needs next; ``reopened`` is how often a person had the run retried.

    ``starting`` when its start job asks, to which everybody else leaves the steps downstream of it.
    """
    graph = StepGraph(pipeline)
    found = evaluate_run(graph, records, reopened)
    is_left = not starting and not found.failed_step and left_to_start_job(pipeline, records)
    submissions = tuple(one for one in found.submissions if not is_left or one.step.kind is Kind.START)
    outcome = _outcome(graph, found, submissions)
    return Decision(submissions, outcome, found.failed_step, found.unresolved_steps)


def _outcome(graph: StepGraph, found: RunEvaluation, submissions: tuple[Submission, ...]) -> RunState:
    """Return how the run has ended, or that it goes on; a failed one ends with its tail."""
    over = {name for name, step in found.steps.items() if _is_over(step, found)}
    over.update(one.step.name for one in submissions if one.children == 0)
    if found.failed_step:
        return RunState.FAILED if over.issuperset(graph.tail) else RunState.RUNNING
    if over.issuperset(graph.work) and not _is_cleanup_open(graph, found):
        return RunState.SUCCEEDED
    return RunState.RUNNING


def _is_over(step: StepEvaluation, found: RunEvaluation) -> bool:
    if step.outcome is StepOutcome.FAILED_FINAL:
        return bool(found.failed_step or step.tolerated)
    return step.outcome is StepOutcome.DONE


def _is_cleanup_open(graph: StepGraph, found: RunEvaluation) -> bool:
    """Return whether the cleanup is still to be submitted, and cannot be yet: after the run's end no process
    would do that.

    AWS Batch fails a cleanup when what it waits for failed and was submitted again since. And it waits for
    the items of a plan that has no step downstream: their announcement may come behind the plan's end.
    """
    cleanups = [found.steps[step.name] for step in graph.pipeline.steps if step.kind is Kind.CLEANUP]
    return any(
        one.outcome is StepOutcome.STALE or (one.outcome is StepOutcome.WAITING and one.submission is None)
        for one in cleanups
    )
