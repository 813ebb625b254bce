"""Which steps of a run can be submitted now, on what terms, and whom Batch must let them wait for. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field, replace

from sluice.limits import MAX_ARRAY_SIZE, MIN_ARRAY_SIZE
from sluice.run import child_ranges
from sluice.run.compiled import CompiledStep, Kind
from sluice.run.outcomes import SETTLED, Fates, Graph, Records, StepOutcome, may_move, satisfied, waited_for
from sluice.run.state import GenerationSpec, ItemSource, Run, RunState, StepState

NEVER_RAN = "*"
"""What stands in ``GenerationSpec.missing`` for a step that never ran: all of it is missing."""


@dataclass(frozen=True, slots=True)
class Wait:
    """A dependency on another step's job: on the whole of it, or child by child."""

    step: str
    n_to_n: bool = False


@dataclass(frozen=True, slots=True)
class Submission:
    """A step that can be submitted now.

    ``children`` is how many the whole step has: 1 for a plain job, 0 for a step that has nothing to do.
    ``spec`` says which of them this generation works on.
    """

    step: CompiledStep
    children: int
    waits: tuple[Wait, ...] = ()
    item_source: ItemSource | None = None
    generation: int = 0
    spec: GenerationSpec = field(default_factory=GenerationSpec)

    @property
    def size(self) -> int:
        """Return how many children the job has."""
        return (
            self.children if self.spec.children is None else len(child_ranges.from_text(self.spec.children))
        )

    @property
    def queue(self) -> str:
        """Return the queue that the job goes to."""
        return self.spec.queue or self.step.queue


def children_of(items: int, items_per_child: int) -> int:
    """Return how many children share these items: at most 10,000; beyond that each gets a longer slice."""
    return min(-(-items // items_per_child), MAX_ARRAY_SIZE)


@dataclass(slots=True)
class Placing:
    """Places the steps of a run, in topological order, each behind those that were placed before."""

    graph: Graph
    records: Records
    found: Fates
    reopened: int = 0
    _placed: dict[str, Submission] = field(default_factory=dict)

    def submissions(self) -> Iterator[Submission]:
        """Yield the steps to submit: those that wait and can run now, and those that failed and may run
        again.
        """
        for step in self.graph.pipeline.steps:
            if self._may_go(step):
                submission = self._submission(step)
                # Empty parents passed on what they would have waited for; it is placed when enough of that is
                # done.
                if len(submission.waits) <= step.max_parents:
                    self._placed[step.name] = submission
                    yield submission

    def asks(self) -> Iterator[str]:
        """Yield the failed steps of which it must be known which children failed before the run can go on."""
        steps = self.graph.pipeline.steps
        bearing = [
            step
            for step in steps
            if self.found[step.name] in (StepOutcome.WAITING, StepOutcome.RETRY_PENDING) and self._ended(step)
        ]
        wanted = {name for step in bearing for name in self._unnamed(step)}
        wanted.update(
            name
            for step in steps
            if self.found[step.name] is not StepOutcome.FAILED_FINAL
            for name, _ in step.finished
            if self._unknown(name)
        )
        for step in steps:
            if step.name in wanted or (
                self.found[step.name] is StepOutcome.RETRY_PENDING and not self._divided(step)
            ):
                yield step.name

    def _unknown(self, name: str) -> bool:
        """Return whether it must be asked which children of a lost step failed."""
        return (
            self.found[name] is StepOutcome.FAILED_FINAL
            and name in self.records
            and self.records[name].failed_indexes is None
        )

    def _may_go(self, step: CompiledStep) -> bool:
        """Return whether all that a step needs is placed, and what it bears has ended, well enough, and is
        known.
        """
        fate = self.found[step.name]
        # A plan of uploads is written with the run, and has no job.
        ready = (
            not step.of_uploads and self._planned(step)
            if fate is StepOutcome.WAITING
            else fate is StepOutcome.RETRY_PENDING and self._divided(step)
        )
        needs = all(map(self._stands, [*step.needs, *self._sources(step)]))
        return ready and needs and self._ended(step) and self._enough(step) and not any(self._unnamed(step))

    def _stands(self, name: str) -> bool:
        """Return whether a job may be submitted behind a step: one that leaves failed children to the next
        generation is only a part.
        """
        placed = self._placed.get(name)
        return (
            placed.spec.deferred_children is None
            if placed
            else self.found[name] in (StepOutcome.DONE, StepOutcome.LIVE)
        )

    def _planned(self, step: CompiledStep) -> bool:
        """Return whether all plans before a step are planned: sooner, the sizes of the arrays are not
        known.
        """
        return all(
            name in self.records and self.records[name].planned for name in self.graph.plans[step.name]
        )

    def _divided(self, step: CompiledStep) -> bool:
        """Return whether it is known which children of a failed step are to run again."""
        record = self.records[step.name]
        known = step.is_retried_whole or record.failed_indexes is not None
        return known and not (self._own(step) and may_move(step, record) is None)

    def _own(self, step: CompiledStep) -> bool:
        """Return whether a step failed by itself in this opening of the run, and is not only behind something
        that runs again.
        """
        spec = self.records[step.name].spec
        return spec.reopened == self.reopened and spec.parent_generations == sum(
            self._generation(name) for name in self._sources(step)
        )

    def _ended(self, step: CompiledStep) -> bool:
        return all(self.found[name] in SETTLED for name in step.parents if name not in step.needs)

    def _enough(self, step: CompiledStep) -> bool:
        return all(
            satisfied(share, self.found[name], self.records.get(name)) for name, share in step.finished
        )

    def _unnamed(self, step: CompiledStep) -> Iterator[str]:
        """Yield the lost arrays before a step of which it must be asked yet which children failed."""
        return (name for name in self._lost_before(step) if self._unknown(name))

    def _lost_before(self, step: CompiledStep) -> Iterator[str]:
        """Yield the lost arrays before a step that bears failures; others have none before them."""
        if step.finished or step.always:
            before = self.graph.before(step.name, borne=True)
            yield from (
                name
                for name in sorted(before)
                if self.found[name] is StepOutcome.FAILED_FINAL and self.graph.steps[name].kind is Kind.ARRAY
            )

    def _submission(self, step: CompiledStep) -> Submission:
        shared = self._shared(step)
        children = children_of(shared.items, step.items_per_child) if shared else 1
        again = self.found[step.name] is StepOutcome.RETRY_PENDING
        generation = self.records[step.name].generation + 1 if again else 0
        spec = self._spec(step, again=again)
        return Submission(step, children, tuple(self.waits(step, spec.children)), shared, generation, spec)

    def _spec(self, step: CompiledStep, *, again: bool) -> GenerationSpec:
        behind = sum(self._generation(name) for name in self._sources(step))
        missing = {name: self._missing(name) for name in self._lost_before(step)}
        if not again:
            return GenerationSpec(parent_generations=behind, reopened=self.reopened, missing=missing)
        record = self.records[step.name]
        failed = record.failed_indexes
        common = GenerationSpec(
            tries=record.spec.tries, parent_generations=behind, reopened=self.reopened, missing=missing
        )
        if step.is_retried_whole or failed is None:
            return replace(common, tries=common.tries + self._own(step))
        if self._own(step) and may_move(step, record):
            moved = set(child_ranges.from_text(record.reclaimed_children or ""))
            carried = child_ranges.to_text(set(failed) - moved) or None
            return replace(
                common, children=_part(moved, record.children), queue=step.steady, deferred_children=carried
            )
        # What is only behind something that runs again, or is run again by a person, uses up none of its own
        # tries.
        return replace(common, children=_part(failed, record.children), tries=common.tries + self._own(step))

    def _missing(self, name: str) -> str:
        record = self.records.get(name)
        return NEVER_RAN if record is None else child_ranges.to_text(record.failed_indexes or ())

    def _shared(self, step: CompiledStep) -> ItemSource | None:
        if step.items_of:
            plan = self.records[step.items_of]
            return ItemSource(plan.manifest, plan.items or 0)
        return ItemSource(None, step.size) if step.size is not None else None

    def waits(self, step: CompiledStep, indexes: str | None) -> Iterator[Wait]:
        """Yield whom Batch must wait for: jobs that may still run.

        Child by child only behind an array of the very same children: else child i of one job is not child i
        of the other.
        """
        for name, each in waited_for(step, self.graph, self._empty):
            if name in self._placed or not (self.records[name].done or self.records[name].planned):
                size, others = self._part(name)
                yield Wait(name, n_to_n=each and size >= MIN_ARRAY_SIZE and others == indexes)

    def _part(self, name: str) -> tuple[int, str | None]:
        placed = self._placed.get(name) or self.records[name]
        return placed.size, placed.spec.children

    def _sources(self, step: CompiledStep) -> list[str]:
        return [name for name, _ in waited_for(step, self.graph, self._empty)]

    def _generation(self, name: str) -> int:
        return (self._placed.get(name) or self.records[name]).generation

    def _empty(self, name: str) -> bool:
        placed = self._placed.get(name)
        return (
            placed.children == 0
            if placed
            else name in self.records and self.records[name].state is StepState.EMPTY
        )


def _part(children: Collection[int], all_children: int) -> str | None:
    """Return these children as text, None for all of them: two generations are of the same children when this
    is equal.
    """
    return None if len(children) == all_children else child_ranges.to_text(children)


def resubmission(graph: Graph, records: Records, name: str) -> Submission | None:
    """Return how to submit a step that somebody claimed and never submitted; None while something that it
    waits for has failed.
    """
    record, step = records[name], graph.steps[name]
    placing = Placing(graph, {other: one for other, one in records.items() if other != name}, {})
    waits = tuple(placing.waits(step, record.spec.children))
    if any(records[wait.step].failed or records[wait.step].spec.deferred_children for wait in waits):
        return None
    return Submission(step, record.children, waits, record.item_source, record.generation, record.spec)


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
