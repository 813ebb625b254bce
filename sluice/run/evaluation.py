"""What becomes of each step of a run, as far as the ledger knows: read it from top to bottom. Pure.

1. **Forward**, in topological order: what each step is (``StepOutcome``), whether it can be submitted now,
   and if not, what it waits for. A failed step is submitted again when something upstream is, when it has
   tries left, when its children lost their machines or had a fault of them, or when a person asked for a
   retry; else it has failed for good, and so does whatever needs it.
2. **Backward**: which final failures are tolerated, because every dependent was written to tolerate them.
3. A final failure that is not tolerated fails the run: the forward pass is made again, with nothing to submit
   but the run's tail.

``decide`` in sluice/run/decision.py says from this what to do. See docs/decisions/0015-generations.md, and
0016 for steps that tolerate the failure of others.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from sluice.run.compiled import CompiledStep, Kind, Tolerance
from sluice.run.dependencies import Records, is_superseded, sources
from sluice.run.failures.machine_faults import repeats_faults
from sluice.run.failures.memory_moves import moves_to_more_memory
from sluice.run.failures.spot_moves import may_move
from sluice.run.failures.words import items_of, slice_of
from sluice.run.next_generation import is_known_what_to_repeat, next_submission
from sluice.run.state import StepRecord, StepState
from sluice.run.step_graph import StepGraph
from sluice.run.submission import Submission


class StepOutcome(StrEnum):
    """What a step is, and what will become of it."""

    WAITING = "WAITING"
    """It is not claimed; it may still run."""
    LIVE = "LIVE"
    """It is claimed or has a job."""
    STALE = "STALE"
    """It is live, but nothing may be submitted downstream of its job: something that the job waits for failed
    and was submitted again since, or the job repeats only a part of its failed children.
    """
    DONE = "DONE"
    RETRY_PENDING = "RETRY_PENDING"
    """It failed, and is submitted again as soon as what it needs is."""
    UNDETERMINED = "UNDETERMINED"
    """It failed, and something upstream may turn out to be why: events may come out of order."""
    FAILED_FINAL = "FAILED_FINAL"
    """It failed for good, or never will run."""


SETTLED = (StepOutcome.DONE, StepOutcome.FAILED_FINAL)


@dataclass(frozen=True, slots=True)
class StepEvaluation:
    """The answer for one step.

    ``submission`` is what to submit of it now, and ``waits_for`` names what it waits for when it can not be.
    ``cause`` is the step for which it never will run. ``unresolved`` are failed steps, perhaps itself, of
    which it must first be found out which children failed. ``tolerated`` says of a final failure whether the
    run goes on without the step; None while that is open.
    """

    outcome: StepOutcome
    submission: Submission | None = None
    waits_for: tuple[str, ...] = ()
    cause: str | None = None
    unresolved: frozenset[str] = frozenset()
    tolerated: bool | None = None


@dataclass(frozen=True, slots=True)
class RunEvaluation:
    """The answers for all steps, in topological order; ``failed_step`` is why the run fails for certain."""

    steps: Mapping[str, StepEvaluation]
    failed_step: str | None = None

    @property
    def submissions(self) -> tuple[Submission, ...]:
        """Return what can be submitted now, parents first."""
        return tuple(one.submission for one in self.steps.values() if one.submission)

    @property
    def unresolved_steps(self) -> tuple[str, ...]:
        """Return the failed steps of which it must be found out which children failed, parents first."""
        wanted = frozenset[str]().union(*(one.unresolved for one in self.steps.values()))
        return tuple(name for name in self.steps if name in wanted)


def evaluate_run(graph: StepGraph, records: Records, reopened: int = 0) -> RunEvaluation:
    """Return what becomes of each step; ``reopened`` is how often a person had the run retried."""
    steps = _tolerate(graph, records, _Forward(graph, records, reopened).steps())
    claimed = (name for name in graph.work if name in records)
    failed = next((name for name in claimed if steps[name].tolerated is False), None)
    if failed is None:
        return RunEvaluation(steps)
    ending = _Forward(graph, records, reopened, is_failing=True).steps()
    return RunEvaluation(
        {name: replace(one, tolerated=steps[name].tolerated) for name, one in ending.items()}, failed
    )


# Forward: what a step is, from what its parents are.


@dataclass(slots=True)
class _Forward:
    """The forward pass; in a run that ``is_failing`` nothing is submitted but its tail."""

    graph: StepGraph
    records: Records
    reopened: int
    is_failing: bool = False
    found: dict[str, StepEvaluation] = field(default_factory=dict)
    submitted: dict[str, Submission] = field(default_factory=dict)
    tolerated_already: set[str] = field(default_factory=set)

    def steps(self) -> dict[str, StepEvaluation]:
        """Return the answer for each step, in topological order."""
        self.tolerated_already = tolerated_already(self.graph, self.records)
        for step in self.graph.pipeline.steps:
            self.found[step.name] = self._step(step)
        return self.found

    def _step(self, step: CompiledStep) -> StepEvaluation:
        outcome = self._outcome(step)
        unresolved = frozenset(self._unresolved(step, outcome))
        cause = self._cause(step) if outcome is StepOutcome.FAILED_FINAL else None
        if outcome not in (StepOutcome.WAITING, StepOutcome.RETRY_PENDING):
            return StepEvaluation(outcome, cause=cause, unresolved=unresolved)
        waits_for = tuple(dict.fromkeys(self._waits_for(step)))
        # A plan of uploads is written with the run, and has no job.
        if waits_for or unresolved or (step.of_uploads and outcome is StepOutcome.WAITING):
            return StepEvaluation(outcome, waits_for=waits_for, unresolved=unresolved)
        is_retry = outcome is StepOutcome.RETRY_PENDING
        failed = list(self._failed_upstream(step))
        submission = next_submission(
            step, self.graph, self.records, self.submitted, self.reopened, failed, is_retry=is_retry
        )
        # Empty parents passed on what they would have waited for: it is submitted when enough of that is
        # done.
        if len(submission.waits) > step.max_parents:
            return StepEvaluation(outcome, waits_for=tuple(wait.step for wait in submission.waits))
        self.submitted[step.name] = submission
        return StepEvaluation(outcome, submission)

    def _outcome(self, step: CompiledStep) -> StepOutcome:
        """Return what a step is."""
        record = self.records.get(step.name)
        if record is None:
            return self._of_unclaimed(step)
        if record.failed:
            return self._of_failed(step, record)
        if record.state is StepState.EMPTY:
            return self._of_empty(step)
        if record.done:
            return StepOutcome.DONE
        # Downstream of a generation that defers failed children to the next one nothing may run, either.
        is_part = record.spec.deferred_children is not None
        is_stale = is_part or is_superseded(step, self.graph, self.records)
        return StepOutcome.STALE if is_stale else StepOutcome.LIVE

    def _of_unclaimed(self, step: CompiledStep) -> StepOutcome:
        """Return what becomes of a step that is not claimed."""
        fails = self._is_not_submitted(step) or self._cause(step) is not None
        return StepOutcome.FAILED_FINAL if fails else StepOutcome.WAITING

    def _of_failed(self, step: CompiledStep, record: StepRecord) -> StepOutcome:
        """Return what becomes of a failed step."""
        if self._is_not_submitted(step) or self._cause(step) is not None:
            return StepOutcome.FAILED_FINAL
        waits = sources(step, self.graph, self.records)
        if any(self._is(StepOutcome.RETRY_PENDING, waits)) or is_superseded(step, self.graph, self.records):
            return StepOutcome.RETRY_PENDING
        # A job that could not be submitted failed on its own, whatever becomes of what it waits for. A job
        # fails with what it waits for itself alone: what stands before a step that is done did not end it.
        if record.job_id is not None and not all(map(self._is_settled, waits)):
            return StepOutcome.UNDETERMINED
        return StepOutcome.RETRY_PENDING if self._may_repeat(step, record) else StepOutcome.FAILED_FINAL

    def _may_repeat(self, step: CompiledStep, record: StepRecord) -> bool:
        """Return whether a step that failed on its own runs once more."""
        is_asked_for = record.spec.reopened < self.reopened and step.name not in self.tolerated_already
        # The cleanup alone runs again in a run that is not reopened: its results stay the same.
        is_asked_for = is_asked_for or (step.kind is Kind.CLEANUP and record.discarded)
        has_tries = record.spec.tries < step.times
        # None: that is not known yet, and is found out before it is submitted.
        may_be_lost = (may_move(step, record), repeats_faults(step, record))
        moves = any(one is not False for one in may_be_lost) or moves_to_more_memory(step, record)
        return is_asked_for or has_tries or moves

    def _is_not_submitted(self, step: CompiledStep) -> bool:
        return self.is_failing and step.name not in self.graph.tail

    def _of_empty(self, step: CompiledStep) -> StepOutcome:
        """Return what a step without work is: it stands for what it would have waited for."""
        if any(self._is(StepOutcome.FAILED_FINAL, step.needs)):
            return StepOutcome.FAILED_FINAL
        done = all(
            self.found[name].outcome is StepOutcome.DONE or self.records[name].planned for name in step.needs
        )
        return StepOutcome.DONE if done else StepOutcome.LIVE

    def _cause(self, step: CompiledStep) -> str | None:
        """Return the step for which one cannot succeed any more, None while it can."""
        needed = [name for name in step.needs if self.found[name].outcome is StepOutcome.FAILED_FINAL]
        too_few = [name for name, given in step.tolerances.items() if self._has_enough(name, given) is False]
        return next(iter([*needed, *too_few]), None)

    def _has_enough(self, name: str, tolerance: Tolerance) -> bool | None:
        """Return whether enough of an array succeeded, once it has ended; None while that is not known."""
        outcome = self.found[name].outcome
        if outcome not in SETTLED:
            return None
        return has_enough(self.graph.steps[name], tolerance, outcome, self.records.get(name))

    def _waits_for(self, step: CompiledStep) -> Iterator[str]:
        """Yield what a step that may run waits for, so that it cannot be submitted yet."""
        yield from self._unplanned(step)
        needs = [*step.needs, *sources(step, self.graph, self.records, self.submitted)]
        yield from (name for name in needs if not self._allows_dependents(name))
        yield from self._tolerated_under_way(step)
        if step.kind is Kind.CLEANUP:
            yield from self._repeated_alone()
        yield from (name for name, given in step.tolerances.items() if not self._has_enough(name, given))

    def _unplanned(self, step: CompiledStep) -> Iterator[str]:
        """Yield the plans upstream that have not announced their items: sooner the sizes of the arrays are
        not known.
        """
        for name in sorted(self.graph.plans[step.name]):
            if name not in self.records or not self.records[name].planned:
                yield name

    def _tolerated_under_way(self, step: CompiledStep) -> Iterator[str]:
        """Yield what has not ended for good of the parents whose failure a step tolerates, and of what stands
        before those that failed.

        In a run that fails, a parent that was not claimed never will be, while another branch upstream still
        works: what that does, the step may read.
        """
        for name in step.parents:
            if name not in step.needs:
                has_failed = self.found[name].outcome is StepOutcome.FAILED_FINAL
                before = self.graph.upstream(name, tolerated=True) if has_failed else ()
                yield from (one for one in [name, *sorted(before)] if self.found[one].outcome not in SETTLED)

    def _repeated_alone(self) -> Iterator[str]:
        """Yield the steps that run again while all that waits for them is done and stays so: no job
        that the cleanup waits for would wait for theirs.
        """
        for name in self.graph.work:
            dependents = [one.name for one in self.graph.dependents[name]]
            is_open = self.found[name].outcome not in SETTLED
            if dependents and is_open and all(self._is(StepOutcome.DONE, dependents)):
                yield name

    def _allows_dependents(self, name: str) -> bool:
        """Return whether a job may be submitted that waits for a step's job: not where that repeats only a
        part of the failed children.
        """
        if name in self.submitted:
            return self.submitted[name].spec.deferred_children is None
        return self.found[name].outcome in (StepOutcome.DONE, StepOutcome.LIVE)

    def _unresolved(self, step: CompiledStep, outcome: StepOutcome) -> Iterator[str]:
        """Yield the failed steps of which a step must know which children failed."""
        if outcome is not StepOutcome.FAILED_FINAL:
            yield from (name for name, _ in step.finished if self._is_unresolved(name))
        may_run = outcome in (StepOutcome.WAITING, StepOutcome.RETRY_PENDING)
        if may_run and not any(self._tolerated_under_way(step)):
            yield from filter(self._is_unresolved, self._failed_upstream(step))
        if outcome is StepOutcome.RETRY_PENDING and not is_known_what_to_repeat(
            step, self.graph, self.records, self.submitted, self.reopened
        ):
            yield step.name

    def _failed_upstream(self, step: CompiledStep) -> Iterator[str]:
        """Yield the arrays upstream that failed for good; only a step that tolerates failures has any."""
        if step.finished or step.always:
            for name in sorted(self.graph.upstream(step.name, tolerated=True)):
                is_array = self.graph.steps[name].kind is Kind.ARRAY
                if is_array and self.found[name].outcome is StepOutcome.FAILED_FINAL:
                    yield name

    def _is_unresolved(self, name: str) -> bool:
        has_failed = self.found[name].outcome is StepOutcome.FAILED_FINAL and name in self.records
        return has_failed and self.records[name].failed_indexes is None

    def _is_settled(self, name: str) -> bool:
        # A step upstream may be new, in a run that goes on with other code.
        planned = name in self.records and self.records[name].planned
        return self.found[name].outcome in SETTLED or planned

    def _is(self, outcome: StepOutcome, names: Iterable[str]) -> Iterator[bool]:
        return (self.found[name].outcome is outcome for name in names)


def has_enough(
    step: CompiledStep, tolerance: Tolerance, outcome: StepOutcome, record: StepRecord | None
) -> bool | None:
    """Return whether enough of an array that has ended succeeded: of its items where they are counted, or
    else of its children; None while it is not known which failed.

    Where nobody has counted the items, as of a job that never was, those of failed children are not done.
    """
    if outcome is StepOutcome.DONE or record is None or record.children == 0:
        return outcome is StepOutcome.DONE
    if record.failed_items is not None:
        return record.failed_items <= tolerance.max_failed(items_of(record))
    failed = record.failed_indexes
    if failed is None:
        return None
    if not step.continues:
        return len(failed) <= tolerance.max_failed(record.children)
    slices = (slice_of(record, child) for child in failed)
    return sum(stop - start for start, stop in slices) <= tolerance.max_failed(items_of(record))


def tolerated_already(graph: StepGraph, records: Records) -> set[str]:
    """Return the steps whose failure all dependents have tolerated already: to repeat them would change
    nothing any more.
    """
    found: set[str] = set()
    for step in reversed(graph.pipeline.steps):
        # ``always`` says nothing about a failure.
        dependents = [one for one in graph.dependents[step.name] if step.name not in one.always]
        if dependents and all(
            one.name in found if step.name in one.needs else _has_run(records.get(one.name))
            for one in dependents
        ):
            found.add(step.name)
    return found


def _has_run(record: StepRecord | None) -> bool:
    return record is not None and not record.failed


# Backward: which final failures are tolerated.


def _tolerate(
    graph: StepGraph, records: Records, steps: Mapping[str, StepEvaluation]
) -> dict[str, StepEvaluation]:
    """Return the answers with ``tolerated`` for each final failure.

    It is tolerated when some dependent tolerates it and none does not. ``finished`` tolerates it when enough
    children succeeded, a step that needs it when its own failure is tolerated; ``always`` says nothing either
    way.
    """
    found = dict(steps)
    for step in reversed(graph.pipeline.steps):
        if found[step.name].outcome is StepOutcome.FAILED_FINAL:
            tolerated = (
                _is_tolerated(step.name, graph, records, found) if step.name in graph.tolerable else False
            )
            found[step.name] = replace(found[step.name], tolerated=tolerated)
    return found


def _is_tolerated(
    name: str, graph: StepGraph, records: Records, found: Mapping[str, StepEvaluation]
) -> bool | None:
    answers: list[bool | None] = []
    for step in graph.dependents[name]:
        tolerance = step.tolerances.get(name)
        if tolerance:
            failed = StepOutcome.FAILED_FINAL
            answers.append(has_enough(graph.steps[name], tolerance, failed, records.get(name)))
        elif name in step.needs:
            answers.append(_answer_of_dependent(found[step.name]))
    if False in answers:
        return False
    return None if None in answers else True


def _answer_of_dependent(dependent: StepEvaluation) -> bool | None:
    if dependent.outcome is StepOutcome.FAILED_FINAL:
        return dependent.tolerated
    return True if dependent.outcome is StepOutcome.DONE else None
