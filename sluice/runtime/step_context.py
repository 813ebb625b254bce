"""All that a kind of job needs beside the user's function."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from sluice import keys
from sluice.ledger.ledger import Assignment
from sluice.receipts.location import Location, location_of
from sluice.run.compiled import CompiledStep, Kind
from sluice.run.state import StepRecord
from sluice.run.uploads import uploads_of
from sluice.runtime.clients import S3, Sns
from sluice.runtime.interface.step_types import Out, Trigger
from sluice.runtime.interface.upload import RequestOfUploads, SetOfUploads, Upload, Uploads
from sluice.runtime.interface.upstream import UpstreamResults
from sluice.runtime.job_context import JobContext
from sluice.settings import JobSettings
from sluice.triggers.trigger_event import Request, S3Object, UploadGroup, UploadSet, stored_trigger
from sluice.triggers.upstream_runs import UpstreamRuns


@dataclass(slots=True)
class Records:
    """Reads records of steps from the ledger; those of ``known``, which came with the assignment, are taken
    from there once.
    """

    read: Callable[[Sequence[str]], Mapping[str, StepRecord]]
    known: dict[str, StepRecord] = field(default_factory=dict)

    def __call__(self, steps: Sequence[str]) -> Mapping[str, StepRecord]:
        """Return those of these steps that have a record."""
        known = {step: self.known.pop(step) for step in steps if step in self.known}
        return known if len(known) == len(steps) else self.read(steps)


@dataclass(frozen=True, slots=True, kw_only=True)
class StepContext:
    """Which job this is, what it has to do, and the clients to do it with.

    ``sns`` makes its client when it is called. ``records_of`` reads other steps of the run from the ledger.
    ``finished`` are the items that are done, and ``failed`` those that failed in this attempt: neither is
    worked on.
    """

    job: JobContext
    settings: JobSettings
    assignment: Assignment
    s3: S3
    sns: Callable[[], Sns]
    records_of: Callable[[Sequence[str]], Mapping[str, StepRecord]]
    finished: frozenset[int] = frozenset()
    failed: frozenset[int] = frozenset()

    def record_of(self, step: str) -> StepRecord | None:
        """Read another step of the run from the ledger."""
        return self.records_of([step]).get(step)

    @property
    def step(self) -> CompiledStep:
        """Return the step of the run's pipeline that this job belongs to."""
        return self.assignment.pipeline.step(self.job.step)

    @property
    def trigger(self) -> Trigger:
        """Return what started the run."""
        found = stored_trigger(self.assignment.trigger)
        if isinstance(found, S3Object):
            return Upload(found, self.s3)
        if isinstance(found, UploadSet):
            return SetOfUploads(found, self.s3)
        if isinstance(found, UploadGroup):
            return Uploads(found, self.s3)
        if isinstance(found, Request) and uploads_of(found) is not None:
            return RequestOfUploads(token=found.token, input=found.input, s3=self.s3)
        if isinstance(found, UpstreamRuns):
            return UpstreamResults(found, self.s3, self.settings.results_bucket)
        return found

    @property
    def out(self) -> Out:
        """Return where the run publishes."""
        pipeline = self.assignment.pipeline
        has_failed_items = any(step.continues for step in pipeline.steps)
        is_own = self.step.kind is Kind.CLEANUP
        reserved = frozenset([keys.FAILED_ITEMS] if has_failed_items and not is_own else [])
        found = self.results
        return Out(self.s3, found.bucket, pipeline.name, self.job.run, reserved, found.prefix, self.job)

    @property
    def results(self) -> Location:
        """Return the folder of the run's results."""
        return location_of(
            self.assignment.pipeline.results,
            pipeline=self.assignment.pipeline.name,
            run_id=self.job.run,
            trigger=self.assignment.trigger,
            began=self.assignment.began,
            default_bucket=self.settings.results_bucket,
        )
