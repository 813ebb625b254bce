"""Which ends of jobs need no look at their run, because all that follows is submitted already. Pure.

The end of a step in the middle of a chain changes nothing by itself: AWS Batch starts what depends on it, and
the end of that is an event of its own. Such a step says so in the ledger, by its ``FollowUp``, when its job
is registered. Events come out of order, so whoever advances a run takes that back of a step that has not
ended while something downstream of it has (``overtaken``): then its own end has the run advanced.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from sluice.run.compiled import CompiledPipeline, CompiledStep, Kind
from sluice.run.state import FollowUp, StepRecord, StepState
from sluice.run.step_graph import StepGraph
from sluice.run.submission import Submission

_ENDED = (StepState.SUCCEEDED, StepState.FAILED)


def words_needed(submission: Submission) -> int | None:
    """Return how many words of supervisors prove the success of a submission; None for a plan, which its
    manifest proves, and where what failed in other children is counted with it: in those that are deferred,
    and in those that had failed items before and are not repeated.
    """
    step, spec = submission.step, submission.spec
    is_counted = step.continues and spec.children is not None
    if step.kind is Kind.PLAN or spec.deferred_children is not None or is_counted:
        return None
    return submission.size if submission.step.supervised else 0


def own_follow_up(step: CompiledStep, pipeline: CompiledPipeline) -> FollowUp:
    """Return what is known of every registered job of a step of what its success asks for.

    A run does not wait for its cleanup to end once it is registered.
    The items of a plan are announced by a message of their own, which has the run advanced. Its end changes
    nothing any more where whatever depends on it needs its success, and an array works on the items.
    """
    if step.kind is Kind.CLEANUP:
        return FollowUp.NONE
    if step.kind is not Kind.PLAN:
        return FollowUp.ADVANCE
    dependents = StepGraph(pipeline).dependents[step.name]
    shares_items = any(one.items_of == step.name for one in dependents)
    is_needed = all(step.name in one.needs for one in dependents)
    return FollowUp.NONE_WITH_ITEMS if shares_items and is_needed else FollowUp.ADVANCE


def followed(pipeline: CompiledPipeline, submissions: Mapping[str, Submission]) -> set[str]:
    """Return which of the steps that are submitted together are followed by steps of the same submission
    alone, of which one has a job that needs theirs.
    """
    graph, found = StepGraph(pipeline), set[str]()
    for name in submissions:
        downstream = set(_downstream(graph, [name]))
        work = [one for one in downstream if graph.steps[one].kind is not Kind.CLEANUP]
        has_work = any(one in submissions and submissions[one].children for one in work)
        is_needed = all(name in one.needs for one in graph.dependents[name])
        if has_work and is_needed and downstream <= submissions.keys():
            found.add(name)
    return found


def overtaken(pipeline: CompiledPipeline, records: Mapping[str, StepRecord]) -> list[StepRecord]:
    """Return the steps that have not ended and whose end would have nobody look at the run, though something
    downstream of them has ended: its event came first.
    """
    quiet = [record for record in records.values() if record.follow_up and not _has_ended(record)]
    if not quiet:
        return []
    graph = StepGraph(pipeline)
    return [
        record
        for record in quiet
        if any(one in records and _has_ended(records[one]) for one in _downstream(graph, [record.name]))
    ]


def asks_for_nothing(record: StepRecord) -> bool:
    """Return whether the success of a step's job leaves nothing to do, by its record of before that end."""
    if record.follow_up is FollowUp.NONE_WITH_ITEMS:
        return bool(record.items)
    return record.follow_up is FollowUp.NONE


def _downstream(graph: StepGraph, names: Collection[str]) -> Iterator[str]:
    """Yield all steps that wait for these, however far, the cleanup included."""
    reached = set(names)
    for step in graph.pipeline.steps:
        if step.name not in reached and not reached.isdisjoint(step.parents):
            reached.add(step.name)
            yield step.name


def _has_ended(record: StepRecord) -> bool:
    return record.state in _ENDED
