"""A run against a simulated AWS Batch: jobs end, events come late, twice and out of order, claims are left
behind, decisions are stale.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from random import Random

from sluice.run import child_ranges
from sluice.run.compiled import CompiledPipeline, CompiledStep, Kind
from sluice.run.decision import Decision, decide
from sluice.run.dependencies import failed_parent_jobs, generations_before, sources
from sluice.run.evaluation import StepOutcome, evaluate_run
from sluice.run.failures.machine_faults import is_asked_for_faults
from sluice.run.next_generation import resubmission
from sluice.run.state import RunState, StepRecord, StepState
from sluice.run.step_graph import StepGraph
from sluice.run.submission import Submission
from sluice.run.submit_request import submit_request
from tests.sluice.graphs import QUEUES, RUN_ID

Fails = Callable[[str, int, int], bool]
"""Whether a child of a step fails at its n-th try, by step, child and n from 0."""
_ENDED = (StepState.SUCCEEDED, StepState.FAILED)


@dataclass
class Job:
    """One job of Batch: of each child the state, None while it has not ended."""

    submission: Submission
    waits: list[tuple[str, bool]]
    children: list[bool | None]
    reclaimed: set[int] = field(default_factory=set)
    """The children, by their numbers in the whole step, that failed because they lost their machines."""
    faulted: set[int] = field(default_factory=set)
    """Those that a fault of their machine ended."""

    @property
    def ended(self) -> bool:
        """Return whether all children have ended."""
        return None not in self.children

    @property
    def state(self) -> StepState:
        """Return how an ended job ended."""
        return StepState.SUCCEEDED if all(self.children) else StepState.FAILED

    @property
    def indexes(self) -> tuple[int, ...]:
        """Return the children's numbers in the whole step."""
        text = self.submission.spec.children
        return tuple(range(self.submission.children)) if text is None else child_ranges.from_text(text)


@dataclass
class Simulation:
    """A run: what the ledger says, the jobs, and how often each child of each step has done its work."""

    pipeline: CompiledPipeline
    random: Random
    fails: Fails
    reclaims: float = 0
    """How likely a child loses its machine where machines are taken back."""
    faults: float = 0
    """How likely a child of a step whose rules do not name it ends by a fault of its machine."""
    items: int = 3
    ledger: dict[str, StepRecord] = field(default_factory=dict)
    jobs: dict[str, Job] = field(default_factory=dict)
    """By their names, which have the step and the generation; a job that the ledger does not name waits for
    that, and gives up.
    """
    done: Counter[tuple[str, int]] = field(default_factory=Counter)
    tried: Counter[tuple[str, int]] = field(default_factory=Counter)
    named: set[str] = field(default_factory=set)
    """The jobs that the ledger has named: no other ever works."""
    reopened: int = 0
    outcome: RunState = RunState.RUNNING
    stale: list[tuple[Decision, dict[str, StepRecord]]] = field(default_factory=list)

    def run(self) -> None:
        """Let things happen in any order until the run has ended; AssertionError when it never does."""
        self.outcome = RunState.RUNNING
        for _ in range(3_000):
            often, seldom = (
                [self.work, self.work, self.tell, self.tell],
                [self.advance, self.remember, self.act_on_stale],
            )
            self.random.choice([*often, *often, *seldom, *seldom, self.settle])()
            if self.outcome is not RunState.RUNNING:
                return
        for _ in range(
            200
        ):  # Everything has happened that can: now everything is reported, and claims are settled.
            self.tell_all()
            self.settle()
            self.advance()
            self.work_all()
            if self.outcome is not RunState.RUNNING:
                return
        found = evaluate_run(StepGraph(self.pipeline), self.ledger, self.reopened)
        raise AssertionError(f"the run never ended: {found}\n{self.ledger}")

    # What Batch does

    def work(self) -> None:
        """Let a child of a job end that can."""
        able = [
            (job, child)
            for job in self.jobs.values()
            for child, ended in enumerate(job.children)
            if ended is None
        ]
        self.random.shuffle(able)
        for job, child in able:
            if (verdict := self._can(job, child)) is not None:
                self._end(job, child, verdict and (self._named(job) or not job.submission.step.returns))
                return

    def _named(self, job: Job) -> bool:
        """Return whether the ledger names a job: without that, Sluice's own code does nothing."""
        return self.ledger[job.submission.step.name].job_id == self._id(job.submission)

    def work_all(self) -> None:
        """Let everything end that can."""
        for _ in range(10_000):
            before = sum(child is None for job in self.jobs.values() for child in job.children)
            self.work()
            if before == sum(child is None for job in self.jobs.values() for child in job.children):
                return

    def _can(self, job: Job, child: int) -> bool | None:
        """Return whether a child runs (True), fails because of what it waits for (False), or waits (None)."""
        before = [
            self.jobs[wait].children[child : child + 1] if each else self.jobs[wait].children
            for wait, each in job.waits
        ]
        if job.submission.step.sequential and child:
            before.append([job.children[child - 1]])
        if any(False in one and (None not in one) for one in before):
            return False
        return None if any(None in one for one in before) else True

    def _end(self, job: Job, child: int, runs: bool) -> None:
        name, number = job.submission.step.name, job.indexes[child]
        if runs:
            step, key = job.submission.step, (name, number)
            assert step.is_retried_whole or not self.done[key], f"{key} is done again"
            is_machine = self._is_lost(job, number)
            runs = not is_machine and not self.fails(name, number, self.tried[key])
            self.tried[key] += not is_machine
            self.done[key] += runs
            if step.kind is Kind.PLAN and runs:
                self._planned(name, job)
        job.children[child] = runs

    def _is_lost(self, job: Job, number: int) -> bool:
        """Return whether a child's machine is lost, or has a fault."""
        if job.submission.queue != "steady" and self.random.random() < self.reclaims:
            job.reclaimed.add(number)
            return True
        if job.submission.step.unhandled_faults and self.random.random() < self.faults:
            job.faulted.add(number)
            return True
        return False

    def _planned(self, name: str, job: Job) -> None:
        record = self.ledger[name]
        if record.generation == job.submission.generation:
            self.ledger[name] = replace(
                record, items=self.items, manifest="m", job_id=self._id(job.submission)
            )

    # What the ledger hears

    def tell(self) -> None:
        """Tell of the end of a job, perhaps not for the first time."""
        ended = [job_id for job_id, job in self.jobs.items() if job.ended]
        if ended:
            self._tell(self.random.choice(ended))

    def tell_all(self) -> None:
        """Tell of all ends."""
        for job_id, job in self.jobs.items():
            if job.ended:
                self._tell(job_id)

    def _tell(self, job_id: str) -> None:
        job, record = self.jobs[job_id], self.ledger[self.jobs[job_id].submission.step.name]
        # That a job without a name has failed says nothing: its look-up decides.
        named = (job_id,) if job.state is StepState.FAILED else (None, job_id)
        if record.generation == job.submission.generation and record.job_id in named:
            succeeded = sum(map(bool, job.children)) if job.submission.size > 1 else None
            self.ledger[record.name] = replace(record, state=job.state, job_id=job_id, succeeded=succeeded)

    # What advance does

    def advance(self) -> None:
        """Look, and do what is to do."""
        self._act(decide(self.pipeline, self.ledger, self.reopened), self.ledger)

    def remember(self) -> None:
        """Look, and do nothing yet."""
        self.stale.append((decide(self.pipeline, self.ledger, self.reopened), dict(self.ledger)))

    def act_on_stale(self) -> None:
        """Do what was to do when somebody looked."""
        if self.stale:
            decision, seen = self.stale.pop(self.random.randrange(len(self.stale)))
            self._act(replace(decision, outcome=RunState.RUNNING), seen)

    def _act(self, decision: Decision, seen: dict[str, StepRecord]) -> None:
        """Do what was decided when the ledger was as it was seen; a claim that was taken meanwhile is
        refused, with all the others.
        """
        job_ids = {record.name: str(record.job_id) for record in seen.values() if record.job_id}
        for name in decision.unresolved_steps:
            self._learn(name)
        ready = self._ready(decision.submissions, seen)
        if not self._claim_all(ready):
            return
        if not self._submit_all([one for one in ready if one.children], job_ids):
            return
        if len(ready) == len(decision.submissions) and not decision.unresolved_steps:
            self.outcome = decision.outcome

    def _claim_all(self, ready: Iterable[Submission]) -> bool:
        claims = list(ready)
        if not all(map(self._claimable, claims)):
            return False
        for one in claims:
            self._claim(one)
        return True

    def _submit_all(self, ready: list[Submission], job_ids: dict[str, str]) -> bool:
        """Submit and name; False when the Lambda died: what it submitted by then has no name, and what it
        claimed is left behind.
        """
        dies = self.random.random() < 0.2
        for one in ready:
            if dies and self.random.random() < 0.2:
                return False
            self._submit(one, job_ids)
        for one in [] if dies else ready:
            self._name(one)
        return not dies

    def _learn(self, name: str) -> None:
        record = self.ledger[name]
        if record.state is StepState.FAILED and record.job_id:
            job = self.jobs[record.job_id]
            failed = [index for index, child in zip(job.indexes, job.children, strict=True) if not child]
            step = self.pipeline.step(name)
            lost = child_ranges.to_text(job.reclaimed) if step.reclaimed else None
            faulted = child_ranges.to_text(job.faulted) if is_asked_for_faults(step, record) else None
            self.ledger[name] = replace(
                record,
                failed_children=child_ranges.to_text(failed),
                reclaimed_children=lost,
                faulted_children=faulted,
            )

    def _ready(self, submissions: tuple[Submission, ...], seen: dict[str, StepRecord]) -> list[Submission]:
        known = {record.name for record in seen.values() if record.job_id and not record.failed}
        ready: list[Submission] = []
        for one in submissions:
            if all(wait.step in known for wait in one.waits):
                ready.append(one)
                known.add(one.step.name)
        return ready

    def _claimable(self, one: Submission) -> bool:
        record = self.ledger.get(one.step.name)
        if one.generation == 0:
            return record is None
        return record is not None and record.generation == one.generation - 1 and record.failed

    def _claim(self, one: Submission) -> None:
        before = [job for job in self.jobs.values() if job.submission.step.name == one.step.name]
        assert all(job.ended for job in before if self._id(job.submission) in self.named), (
            f"{one.step.name} is submitted while an older generation lives"
        )
        if one.spec.queue:
            moved = set(Job(one, [], []).indexes)
            ended = before[-1].reclaimed | before[-1].faulted
            assert moved <= ended or self._id(before[-1].submission) not in self.named, (
                f"{one.step.name} moves children that did not lose their machines"
            )
        state = StepState.CLAIMED if one.children else StepState.EMPTY
        self.ledger[one.step.name] = StepRecord(
            name=one.step.name,
            state=state,
            generation=one.generation,
            children=one.children,
            item_source=one.item_source,
            spec=one.spec,
        )

    def _submit(self, one: Submission, job_ids: dict[str, str]) -> None:
        submit_request(RUN_ID, one, QUEUES, job_ids)
        for wait in one.waits:
            spec = self.jobs[job_ids[wait.step]].submission.spec
            assert not spec.deferred_children, f"{one.step.name} waits for a part of {wait.step}"
            others = spec.children
            assert not wait.n_to_n or others == one.spec.children, (
                f"{one.step.name} waits child by child for other children"
            )
        assert self._id(one) not in self.jobs, "submitted twice"
        waits = [(job_ids[wait.step], wait.n_to_n) for wait in one.waits]
        self.jobs[self._id(one)] = Job(one, waits, [None] * one.size)
        job_ids[one.step.name] = self._id(one)

    def _name(self, one: Submission) -> None:
        """Record a job, whose end may have been recorded before; unless the step has another, or is of
        another generation, by now.
        """
        record = self.ledger[one.step.name]
        if record.generation == one.generation and record.state is StepState.CLAIMED:
            self.ledger[one.step.name] = replace(record, job_id=self._id(one), state=StepState.SUBMITTED)
            self.named.add(self._id(one))

    def settle(self) -> None:
        """Submit what somebody claimed and never submitted, as ``advance`` does once its owner must be
        gone.
        """
        for name, record in list(self.ledger.items()):
            if record.state is StepState.CLAIMED:
                self._settle(name, record)

    def _settle(self, name: str, record: StepRecord) -> None:
        graph, job_ids = StepGraph(self.pipeline), {one.name: str(one.job_id) for one in self.ledger.values()}
        job = self.jobs.get(f"{name}_{record.generation}")
        if job is not None and not (graph.steps[name].returns and False in job.children):
            self._name(job.submission)
            return
        one = resubmission(graph, self.ledger, name)
        if one is not None and self._ready((one,), self.ledger):
            if job is not None:
                behind = generations_before(graph.steps[name], graph, self.ledger)
                died = failed_parent_jobs(sources(graph.steps[name], graph, self.ledger), self.ledger)
                spec = replace(one.spec, parent_generations=behind, failed_parent_jobs=died)
                one = replace(one, generation=one.generation + 1, spec=spec)
                self._claim(one)
            self._submit(one, job_ids)
            self._name(one)
        elif one is None and self._has_failed_parents(graph, name):
            self.ledger[name] = replace(record, state=StepState.FAILED)

    def _has_failed_parents(self, graph: StepGraph, name: str) -> bool:
        found = evaluate_run(graph, self.ledger, self.reopened).steps
        return StepOutcome.FAILED_FINAL in [found[need].outcome for need in graph.steps[name].needs]

    def _id(self, one: Submission) -> str:
        return f"{one.step.name}_{one.generation}"

    # What is true in the end

    def complete(self, step: CompiledStep) -> float:
        """Return the share of a step's children that have done their work; 1 for one that had nothing to do.

        An is_retried_whole step is done again as a whole, so that only its last job counts.
        """
        record = self.ledger.get(step.name)
        if record is None:
            return 0.0
        if step.is_retried_whole and record.children:
            last = self.jobs[record.job_id].children if record.job_id else [False]
            return sum(map(bool, last)) / len(last)
        return (
            sum(bool(self.done[step.name, child]) for child in range(record.children)) / record.children
            if record.children
            else 1.0
        )

    def tolerated(self, step: CompiledStep) -> bool:
        """Return whether what a step failed to do is tolerated by all that stands behind it."""
        behind = [
            one for one in self.pipeline.steps if step.name in one.parents and one.kind is not Kind.CLEANUP
        ]
        verdicts = [verdict for one in behind for verdict in self._bears(one, step)]
        return bool(verdicts) and all(verdicts)

    def _bears(self, one: CompiledStep, step: CompiledStep) -> Iterator[bool]:
        shares = dict(one.finished)
        if step.name in shares:
            yield self.complete(step) >= shares[step.name] - 1e-6
        elif step.name in one.needs:
            yield self.complete(one) < 1 and self.tolerated(one)
