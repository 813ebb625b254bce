"""Which jobs a job of a step must wait for, and whether one of them was submitted again since. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

from sluice.limits import MIN_ARRAY_SIZE
from sluice.run.compiled import CompiledStep
from sluice.run.state import StepRecord, StepState
from sluice.run.step_graph import StepGraph
from sluice.run.submission import Submission, Wait

Records = Mapping[str, StepRecord]
Submissions = Mapping[str, Submission]


def waited_for(
    step: CompiledStep, graph: StepGraph, is_empty: Callable[[str], bool]
) -> Iterator[tuple[str, bool]]:
    """Yield the steps that a step needs, and whether child by child.

    In place of one without a job, yield those that it would have waited for itself: an empty step, and the
    plan of the files that started the run, behind which a start job stands.
    """
    seen: set[str] = set()
    pending = [(name, name in step.each) for name in step.needs]
    for name, each in pending:  # grows while it is read
        if name in seen:
            continue
        seen.add(name)
        if is_empty(name) or graph.steps[name].of_uploads:
            pending.extend((parent, False) for parent in graph.steps[name].needs)
        else:
            yield name, each


def sources(
    step: CompiledStep, graph: StepGraph, records: Records, submitted: Submissions | None = None
) -> list[str]:
    """Return the steps whose jobs a step's job waits for; ``submitted`` are those that are submitted before
    it in the same decision.
    """
    return [name for name, _ in waited_for(step, graph, _is_empty(records, submitted or {}))]


def waits(
    step: CompiledStep,
    children: str | None,
    graph: StepGraph,
    records: Records,
    submitted: Submissions | None = None,
) -> Iterator[Wait]:
    """Yield whom AWS Batch must wait for: the jobs that may still run.

    Child by child only for an array of the very same ``children``: else child i of one job is not child i of
    the other.
    """
    new = submitted or {}
    for name, each in waited_for(step, graph, _is_empty(records, new)):
        if name in new or not (records[name].done or records[name].planned):
            other = new.get(name) or records[name]
            same = other.size >= MIN_ARRAY_SIZE and other.spec.children == children
            yield Wait(name, n_to_n=each and same)


def generations_before(step: CompiledStep, graph: StepGraph, records: Records) -> int:
    """Return the sum of the generations of what a step waits for, as far as the ledger knows it."""
    return sum(records[name].generation for name in sources(step, graph, records) if name in records)


def failed_parent_jobs(names: Iterable[str], records: Records) -> int:
    """Return how many of these steps are done, though AWS Batch calls their jobs failed."""
    return sum(records[name].is_done_in_spite for name in names if name in records)


def is_superseded(step: CompiledStep, graph: StepGraph, records: Records) -> bool:
    """Return whether something that a step's job waited for was submitted again since, or is done though its
    job failed: then the step's job fails with it in AWS Batch, and is no more what the step waits for.
    """
    spec = records[step.name].spec
    is_older = spec.parent_generations < generations_before(step, graph, records)
    parents = sources(step, graph, records)
    return is_older or spec.failed_parent_jobs < failed_parent_jobs(parents, records)


def _is_empty(records: Records, submitted: Submissions) -> Callable[[str], bool]:
    def is_empty(name: str) -> bool:
        if name in submitted:
            return submitted[name].children == 0
        return name in records and records[name].state is StepState.EMPTY

    return is_empty
