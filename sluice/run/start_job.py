"""Whose it is to submit the steps of a run that has a start job."""

from __future__ import annotations

from collections.abc import Mapping

from sluice.run.compiled import CompiledPipeline, Kind
from sluice.run.state import StepRecord


def left_to_start_job(pipeline: CompiledPipeline, records: Mapping[str, StepRecord]) -> bool:
    """Return whether the run's steps are its start job's to submit: there is one, and it has not
    succeeded.
    """
    starts = [step.name for step in pipeline.steps if step.kind is Kind.START]
    return not all(name in records and records[name].done for name in starts)
