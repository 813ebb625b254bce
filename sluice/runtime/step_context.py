"""All that a kind of job needs beside the user's function."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sluice.ledger.ledger import Assignment
from sluice.run.compiled import CompiledStep
from sluice.run.state import StepRecord
from sluice.run.uploads import uploads_of
from sluice.runtime.clients import S3, Sns
from sluice.runtime.interface.step_types import Out, Trigger
from sluice.runtime.interface.upload import RequestOfUploads, Upload, Uploads
from sluice.runtime.job_context import JobContext
from sluice.settings import JobSettings
from sluice.triggers.trigger_event import Request, S3Object, UploadGroup, stored_trigger


@dataclass(frozen=True, slots=True, kw_only=True)
class StepContext:
    """Which job this is, what it has to do, and the clients to do it with.

    ``sns`` makes its client when it is called. ``record_of`` reads another step of the run from the ledger.
    ``finished`` are the items that earlier attempts finished.
    """

    job: JobContext
    settings: JobSettings
    assignment: Assignment
    s3: S3
    sns: Callable[[], Sns]
    record_of: Callable[[str], StepRecord | None]
    finished: frozenset[int] = frozenset()

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
        if isinstance(found, UploadGroup):
            return Uploads(found, self.s3)
        if isinstance(found, Request) and uploads_of(found) is not None:
            return RequestOfUploads(token=found.token, input=found.input, s3=self.s3)
        return found

    @property
    def out(self) -> Out:
        """Return where the run publishes."""
        return Out(self.s3, self.settings.results_bucket, self.assignment.pipeline.name, self.job.run)
