"""What stands behind the page: a Protocol, so that the page can be tried with made-up data."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

from console import contract


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Who asks: ``name`` is written into the audit log; roles are watch, operate, administer."""

    name: str
    roles: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunQuery:
    """Which runs to list; None stands for any. Times are ISO 8601, or their beginnings (a day)."""

    pipeline: str | None = None
    state: str | None = None
    since: str | None = None
    until: str | None = None
    input: str | None = None
    label: str | None = None
    next: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LogQuery:
    """Whose log to read, and from where on."""

    step: str | None = None
    child: int | None = None
    generation: int | None = None
    attempt: int | None = None
    after: str | None = None
    search: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Download:
    """A file to hand on: its pieces, or an address that has it."""

    name: str
    size: int
    pieces: Iterator[bytes] | None = None
    address: str | None = None


class Backend(Protocol):
    """Reads and acts; called in threads, several at a time. Raises SluiceError for what it refuses,
    ClientError for what AWS refuses.
    """

    where: str

    @property
    def refused(self) -> Mapping[str, str]:
        """Return what IAM refused, with the permission that was missing."""
        ...

    def overview(self) -> contract.Overview:
        """Return what people look at first."""
        ...

    def runs(self, query: RunQuery) -> contract.Runs:
        """Return a page of runs."""
        ...

    def run(self, run_id: str) -> contract.RunDetail:
        """Return a run with its graph."""
        ...

    def failures(self, run_id: str) -> contract.Failures:
        """Return why items of a run failed."""
        ...

    def timeline(self, run_id: str) -> contract.Timeline:
        """Return when a run did what."""
        ...

    def why(self, run_id: str) -> contract.Why:
        """Return why a run waits."""
        ...

    def children(
        self, run_id: str, step: str, start: int, count: int, generation: int | None
    ) -> contract.Cells:
        """Return children of a step."""
        ...

    def items(self, run_id: str, step: str, start: int, count: int) -> contract.Items:
        """Return items of a step."""
        ...

    def logs(self, run_id: str, query: LogQuery) -> contract.Logs:
        """Return lines of a log."""
        ...

    def results(self, run_id: str) -> contract.Results:
        """Return the published files of a run."""
        ...

    def preview(self, run_id: str, name: str) -> contract.Preview:
        """Return the beginning of a published file."""
        ...

    def download(self, run_id: str, name: str, *, whole: bool = False, part: int | None = None) -> Download:
        """Return a published file; ``whole`` asks for its pieces, never for an address, and ``part`` for one
        of ``PART_BYTES``, counted from 0.
        """
        ...

    def plan_action(self, run_id: str, action: str) -> contract.ActionPlan:
        """Return what an action would do; change nothing."""
        ...

    def act(self, run_id: str, action: str, person: Person) -> contract.ActionResult:
        """Do it."""
        ...

    def pipelines(self) -> contract.Pipelines:
        """Return the pipelines with their forms."""
        ...

    def pipeline_now(self, name: str) -> contract.PipelineNow:
        """Return what is before the runs of a pipeline."""
        ...

    async def store_file(
        self,
        pipeline: str,
        name: str,
        token: str,
        prefix: str | None,
        body: AsyncIterator[bytes],
        person: Person,
    ) -> contract.StoredFile:
        """Store a file for a pipeline in the inbox."""
        ...

    def start(self, pipeline: str, request: contract.StartRequest, person: Person) -> contract.Started:
        """Start a run."""
        ...

    def unpause(self, pipeline: str, person: Person) -> contract.Done:
        """Let a paused pipeline go on."""
        ...

    def close_set(self, pipeline: str, name: str, person: Person) -> contract.Done:
        """Begin the run of an open set with what there is."""
        ...

    def map(self) -> contract.Map:
        """Return all pipelines, and which comes after which."""
        ...

    def compare(self, a: str, b: str) -> contract.Comparison:
        """Return two runs beside each other."""
        ...

    def trends(self, pipeline: str) -> contract.Trends:
        """Return the newest runs of a pipeline."""
        ...

    def groups(self) -> contract.Groups:
        """Return the open groups of uploads."""
        ...

    def uploads(self) -> contract.Uploads:
        """Return uploads that started nothing."""
        ...

    def alerts(self, pipeline: str | None = None) -> contract.Alerts:
        """Return the newest alerts that were sent, of a pipeline or of all."""
        ...

    def doctor(self) -> contract.Doctor:
        """Return the doctor's findings."""
        ...

    def version(self, run_id: str | None) -> str:
        """Return a text that changes when a run does, or the overview."""
        ...
