"""All that a kind of work needs beside the user's function."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from containers.step.api import Out, Trigger, Upload
from containers.step.place import Place
from sluice.compiled import CompiledStep
from sluice.ledger import Assignment
from sluice.run import StepRecord
from sluice.settings import JobSettings
from sluice.trigger import S3Object, stored_occurrence

Function = Callable[..., Any]
"""What the user wrote for a step."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """Where a job stands, what it is to do, and the clients to do it with; ``sns`` is made only when somebody calls it.

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
        found = stored_occurrence(self.assignment.trigger)
        return Upload(found, self.s3) if isinstance(found, S3Object) else found

    @property
    def out(self) -> Out:
        """Return where the run publishes."""
        return Out(self.s3, self.settings.results_bucket, self.assignment.pipeline.name, self.place.run)
