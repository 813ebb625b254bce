"""A run and its steps as the ledger knows them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from sluice.compiled import CompiledPipeline


class RunState(StrEnum):
    """Where a run stands."""

    RUNNING = "RUNNING"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"
    """A person ended it: nothing more of it is claimed or submitted."""


class StepState(StrEnum):
    """Where a recorded step stands; a step without a record waits."""

    CLAIMED = "CLAIMED"
    """Somebody is about to submit it, or died while submitting it."""
    SUBMITTED = "SUBMITTED"
    EMPTY = "EMPTY"
    """Its plan found nothing: there is no job, and what follows runs."""
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"


@dataclass(frozen=True, slots=True)
class Shared:
    """The items that the children of an array share: how many, and the manifest's key in the work bucket.

    Without a manifest there is a fixed number of items, and item i is ``{"index": i}``.
    """

    manifest: str | None
    items: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StepRecord:
    """A step of a run. ``children`` is 1 for a plain job, and ``shared`` is what they share.

    ``items`` and ``manifest`` belong to a plan that has announced its items.
    """

    name: str
    state: StepState
    generation: int = 0
    job_id: str | None = None
    children: int = 1
    items: int | None = None
    manifest: str | None = None
    shared: Shared | None = None
    reason: str | None = None
    claimed_at: str = ""

    @property
    def planned(self) -> bool:
        """Return whether a plan's items are known; its job may still be ending."""
        return self.manifest is not None

    @property
    def failed(self) -> bool:
        """Return whether the step failed; a plan that announced its items has done its work, however its job ended."""
        return self.state is StepState.FAILED and not self.planned

    @property
    def done(self) -> bool:
        """Return whether nothing of this step is left to do."""
        return self.state in (StepState.SUCCEEDED, StepState.EMPTY) or (self.state is StepState.FAILED and self.planned)


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
    steps: Mapping[str, StepRecord] = field(default_factory=dict)
    notes: frozenset[str] = frozenset()
    """What was done for it and is noted as done, such as telling a person."""
