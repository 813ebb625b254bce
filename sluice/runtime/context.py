"""All that a kind of work needs beside the user's function."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sluice.ledger.ledger import Assignment
from sluice.run.compiled import CompiledStep
from sluice.run.state import StepRecord
from sluice.run.uploads import uploads_of
from sluice.runtime.job_context import Place
from sluice.runtime.step_types import Out, Trigger
from sluice.runtime.upload import RequestOfUploads, Upload, Uploads
from sluice.settings import JobSettings
from sluice.triggers.trigger_event import Request, S3Object, UploadGroup, stored_trigger

Function = Callable[..., Any]
"""What the user wrote for a step."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """Where a job stands, what it is to do, and the clients to do it with; ``sns`` is made only when somebody
    calls it.

    ``record_of`` reads what the ledger says of another step of the run.
    """

    place: Place
    settings: JobSettings
    assignment: Assignment
    s3: Any
    sns: Callable[[], Any]
    record_of: Callable[[str], StepRecord | None]

    @property
    def step(self) -> CompiledStep:
        """Return the step of the run's pipeline that this job is."""
        return self.assignment.pipeline.step(self.place.step)

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
        return Out(self.s3, self.settings.results_bucket, self.assignment.pipeline.name, self.place.run)
