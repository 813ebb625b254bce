"""A run and its steps as the ledger knows them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NamedTuple

from sluice.run import child_ranges
from sluice.run.compiled import CompiledPipeline


class RunState(StrEnum):
    """Where a run stands."""

    RUNNING = "RUNNING"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"
    """A person ended it: nothing more of it is claimed or submitted."""
    WAITING = "WAITING"
    """It waits for its turn behind other runs of its key: ``max_concurrent_runs``."""
    REPLACED = "REPLACED"
    """A newer run of its key came while it waited, and it never ran."""

    @property
    def has_ended(self) -> bool:
        """Return whether the run is over; a failed one may be resumed."""
        return self not in (RunState.RUNNING, RunState.WAITING)


class StepState(StrEnum):
    """Where a recorded step stands; a step without a record waits."""

    CLAIMED = "CLAIMED"
    """A process is about to submit it, or died while submitting it."""
    SUBMITTED = "SUBMITTED"
    EMPTY = "EMPTY"
    """Its plan found nothing: there is no job, and what follows runs."""
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"


class FollowUp(StrEnum):
    """What the success of a step's job asks for; see sluice/run/following.py."""

    ADVANCE = ""
    """The run is advanced."""
    NONE = "none"
    """Nothing: all that follows is submitted already, and ends later."""
    NONE_WITH_ITEMS = "none-with-items"
    """Nothing for a plan that found items: their announcement has the run advanced."""


@dataclass(frozen=True, slots=True)
class ItemSource:
    """The items that the children of an array share: how many, and the manifest's key in the work bucket.

    Without a manifest there is a fixed number of items, and item i is ``{"index": i}``.
    """

    manifest: str | None
    items: int


@dataclass(frozen=True, slots=True, kw_only=True)
class GenerationSpec:
    """What a generation of a step was submitted for.

    ``children`` are those that it works on, as ``child_ranges`` writes them, None for all of them. ``tries``
    says how many generations of the step were its own second tries; one that only followed what stands before
    it is none. ``parent_generations`` is the sum of the generations of the jobs that it waited for, and
    ``reopened`` how often the run had been reopened: both only grow, so a larger one of now says that
    something came since. ``missing`` has, for the steps before that failed for good, their failed children.
    ``queue`` is another one than the step's, ``memory`` are MiB instead of the step's, and
    ``deferred_children`` are failed children that this generation leaves to the next one. ``machine_faults``
    says how many generations, since the run was last reopened, repeated what a fault of a machine ended, and
    ``failed_parent_jobs`` how many jobs that it would have waited for AWS Batch called failed, though their
    work was done.
    """

    children: str | None = None
    tries: int = 0
    parent_generations: int = 0
    reopened: int = 0
    missing: Mapping[str, str] = field(default_factory=dict)
    queue: str | None = None
    deferred_children: str | None = None
    memory: int | None = None
    machine_faults: int = 0
    failed_parent_jobs: int = 0


class Code(NamedTuple):
    """The job definition and the images that a step was submitted with, from this generation on."""

    generation: int
    definition: str
    image: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StepRecord:
    """A step of a run. ``children`` is how many the whole step has, 1 for a plain job, and
    ``item_source`` is what they share.

    ``items`` and ``manifest`` belong to a plan that has announced its items. ``succeeded`` is how many
    children of this generation's array succeeded, as far as AWS Batch said so at its end, and
    ``failed_children`` which did not, once that was asked; ``reclaimed_children`` are those of them
    that lost their machines too often, ``memory_children`` those that were killed for want of memory,
    ``faulted_children`` those that a fault of their machine ended for which its rules have no place.
    ``failed_items`` is how many items of the whole array are not done, where items are counted.
    """

    name: str
    state: StepState
    generation: int = 0
    job_id: str | None = None
    children: int = 1
    items: int | None = None
    manifest: str | None = None
    item_source: ItemSource | None = None
    reason: str | None = None
    claimed_at: str = ""
    spec: GenerationSpec = field(default_factory=GenerationSpec)
    succeeded: int | None = None
    failed_children: str | None = None
    reclaimed_children: str | None = None
    faulted_children: str | None = None
    words: int | None = None
    """How many words of supervisors prove its success; None for a plan, and where no claim said so."""
    follow_up: FollowUp = FollowUp.ADVANCE
    handed_back: bool = False
    """Whether the owner of its claim will not submit it."""
    denied_at: str | None = None
    """When IAM first refused to have this generation submitted."""
    failed_items: int | None = None
    memory_children: str | None = None
    code: tuple[Code, ...] = field(default=(), compare=False)
    """What each generation ran: an entry wherever it changed, the oldest first."""
    discarded: bool = False
    """Whether a person threw away what it had done; its objects are removed before the run goes on."""

    @property
    def indexes(self) -> tuple[int, ...]:
        """Return the children, by their numbers in the whole step, that this generation's job works on."""
        return (
            tuple(range(self.children))
            if self.spec.children is None
            else child_ranges.from_text(self.spec.children)
        )

    @property
    def size(self) -> int:
        """Return how many children this generation's job has; 1 is a plain job."""
        return self.children if self.spec.children is None else len(self.indexes)

    @property
    def failed_indexes(self) -> tuple[int, ...] | None:
        """Return which children of a failed step failed; None when that must be asked. Of a job that never
        was, all.
        """
        carried = child_ranges.from_text(self.spec.deferred_children or "")
        if self.state is StepState.SUCCEEDED:
            return carried
        if self.failed_children is not None:
            return tuple(sorted({*child_ranges.from_text(self.failed_children), *carried}))
        return tuple(sorted({*self.indexes, *carried})) if self.size == 1 or self.job_id is None else None

    @property
    def is_done_in_spite(self) -> bool:
        """Return whether the words of its children prove its work, though AWS Batch calls its job failed:
        whatever waited for that job there failed with it.
        """
        return self.state is StepState.SUCCEEDED and self.succeeded is not None and self.succeeded < self.size

    @property
    def planned(self) -> bool:
        """Return whether a plan's items are known; its job may still be ending."""
        return self.manifest is not None

    @property
    def failed(self) -> bool:
        """Return whether the step failed, or a part of it has yet to be repeated.

        A plan that announced its items has done its work, however its job ended.
        """
        part = self.state is StepState.SUCCEEDED and self.spec.deferred_children is not None
        return (self.state is StepState.FAILED and not self.planned) or part

    @property
    def done(self) -> bool:
        """Return whether nothing of this step is left to do."""
        return not self.failed and self._ended

    @property
    def _ended(self) -> bool:
        return self.state in (StepState.SUCCEEDED, StepState.EMPTY) or (
            self.state is StepState.FAILED and self.planned
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One execution of a pipeline: what started it, the pipeline as it was then, and its steps so far."""

    run_id: str
    pipeline: CompiledPipeline
    trigger: Mapping[str, Any]
    state: RunState = RunState.RUNNING
    created_at: str = ""
    ended_at: str | None = None
    failed_step: str | None = None
    reopened: int = 0
    """How often a person had it run again what had failed."""
    cleaned: bool = False
    """Whether the transient objects of this failed run have been kept for long enough, and are removed."""
    steps: Mapping[str, StepRecord] = field(default_factory=dict)
    notes: frozenset[str] = frozenset()
    """What was done for it and is noted as done, such as telling a person."""
    place: str = ""
    """Its place in the queue of the runs of its key; empty where its pipeline had no limit."""
    replaced_by: str = ""
    """The newer run that came while it waited."""
    labels: tuple[str, ...] = ()
    """What a person said to find it by, such as ``team=data``."""
