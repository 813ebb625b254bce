"""Finds the job whose log is asked for: that of a step, of a child of its array, or of one of its nodes."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import NoReturn

from sluice.advance.batch_events import NODE_MARK
from sluice.aws.batch_jobs import BatchReader, jobs_by_id, list_jobs
from sluice.ledger.ledger import Ledger
from sluice.operate.errors import JobMissingError, OperationError, RequestError, RunRemovedError
from sluice.operate.logs.generations import Generation, Generations
from sluice.operate.runs.view import WAITING
from sluice.run.state import Run, RunState, StepRecord, StepState

SECONDS_BETWEEN_READS = 1.0
_NAMED_CHILDREN = 10


@dataclass(frozen=True, slots=True)
class SubmittedStep:
    """A step that has a job; ``nodes`` is 0 unless it is a multi-node job."""

    record: StepRecord
    nodes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LogSource:
    """Finds the jobs of a run's steps; ``queues`` are the ARNs of all job queues."""

    ledger: Ledger
    batch: BatchReader
    queues: Collection[str]
    run_id: str

    def submitted(
        self, step: str, *, wait: bool, sleep: Callable[[float], None] = time.sleep
    ) -> SubmittedStep:
        """Return a step that has a job; with ``wait`` stay until it has one, or never will.

        Raises OperationError for a step that does not exist, JobMissingError for one without a job.
        """
        while True:
            run = self.ledger.load(self.run_id)
            if run is None:
                raise RunRemovedError(self.run_id)
            _check_step(run, step)
            record = run.steps.get(step)
            if record is not None and record.job_id:
                return SubmittedStep(record, run.pipeline.step(step).nodes)
            _check_job_may_come(run, step, record)
            if not wait:
                _missing(run, step, record)
            sleep(SECONDS_BETWEEN_READS)

    def failed_step(self) -> str:
        """Return the step at which the run failed, or else the first that has failed; raises RequestError
        where none has.
        """
        run = self.ledger.load(self.run_id)
        if run is None:
            raise RunRemovedError(self.run_id)
        failed = [one.name for one in run.pipeline.steps if self._has_failed(run, one.name)]
        first = run.failed_step if run.failed_step in failed else next(iter(failed), None)
        if first is None:
            names = ", ".join(one.name for one in run.pipeline.steps)
            raise RequestError(
                f"Expected a step's name, found none, and no job of {self.run_id} has failed. Name one of"
                f" {names}."
            )
        return first

    def _has_failed(self, run: Run, name: str) -> bool:
        record = run.steps.get(name)
        return record is not None and record.state is StepState.FAILED and record.job_id is not None

    def failed_children(self, step: SubmittedStep, generation: int | None) -> list[int]:
        """Return all failed children of a step's array, by their numbers in the whole step; 0 for a job."""
        generations = Generations(
            batch=self.batch, queues=self.queues, run_id=self.run_id, record=step.record
        )
        return self._failed(generations.find(generation, None))

    def job_id(self, step: SubmittedStep, generation: int | None, index: int | None) -> str:
        """Return the id of a step's job; ``index`` is the number of a child of its array, or of a node.

        Raises OperationError for a child, a node or a generation that does not exist, RequestError for an
        array without the number of a child.
        """
        generations = Generations(
            batch=self.batch, queues=self.queues, run_id=self.run_id, record=step.record
        )
        if step.nodes:
            return _node_id(step, generations.find(generation, None), index)
        return self._child_id(step.record, generations.find(generation, index), index)

    def _child_id(self, record: StepRecord, generation: Generation, child: int | None) -> str:
        last = record.children - 1
        if child is not None and child > last:
            one_of = f"the number of one of its {record.children} children, 0 to {last}"
            expected = one_of if last else "no number but 0: it is one job"
            raise OperationError(f"{record.name}: expected {expected}, found {child}.")
        if last == 0:
            return generation.job_id
        if child is None:
            raise RequestError(
                f"{record.name} is an array: expected the number of a child, 0 to {last}, after its name,"
                f" found none.{_named(self._failed(generation))}"
            )
        return generation.id_of(child)

    def _failed(self, generation: Generation) -> list[int]:
        """Return the failed children of a generation, by their numbers in the whole step."""
        if len(generation.children) == 1:
            job = jobs_by_id(self.batch, [generation.job_id]).get(generation.job_id, {})
            return list(generation.children) if job.get("status") == "FAILED" else []
        listed = list_jobs(self.batch, arrayJobId=generation.job_id, jobStatus="FAILED")
        return sorted(generation.children[job["arrayProperties"]["index"]] for job in listed)


def _check_step(run: Run, step: str) -> None:
    names = [one.name for one in run.pipeline.steps]
    if step not in names:
        raise OperationError(f"Expected a step of {run.run_id} ({', '.join(names)}), found {step!r}.")


def _check_job_may_come(run: Run, step: str, record: StepRecord | None) -> None:
    if record is not None and record.state in (StepState.EMPTY, StepState.FAILED):
        reason = record.reason or "its plan found no items"
        raise JobMissingError(
            f"Expected a job of the step {step}, found none: it is {record.state}, because {reason}.",
            may_come=False,
        )
    if run.state is not RunState.RUNNING:
        _missing(run, step, record)


def _missing(run: Run, step: str, record: StepRecord | None) -> NoReturn:
    may_come = run.state is RunState.RUNNING
    raise JobMissingError(
        f"Expected a job of the step {step}, found none: it is {record.state if record else WAITING}."
        + ("" if may_come else f" The run is {run.state}."),
        may_come=may_come,
    )


def _node_id(step: SubmittedStep, generation: Generation, node: int | None) -> str:
    """Return the id of a node of a multi-node job: of the main node, unless another is asked for."""
    if node is not None and node >= step.nodes:
        raise OperationError(
            f"{step.record.name}: expected the number of one of its {step.nodes} nodes, 0 to"
            f" {step.nodes - 1}, found {node}."
        )
    return f"{generation.job_id}{NODE_MARK}{node or 0}"


def _named(failed: Sequence[int]) -> str:
    """Return a sentence with the first failed children, and how many more there are."""
    if not failed:
        return ""
    shown, more = failed[:_NAMED_CHILDREN], len(failed) - _NAMED_CHILDREN
    rest = f" and {more} more" if more > 0 else ""
    return f" Failed: {', '.join(map(str, shown))}{rest}."
