"""What must hold for the jobs of every pipeline, whatever pipelines there are."""

from __future__ import annotations

from tests.stacks.templates import Template


def test_no_job_runs_for_ever(pipelines: Template) -> None:
    """Each attempt has a time-out of at least the minute that Batch asks for."""
    assert all(
        one["Timeout"]["AttemptDurationSeconds"] >= 60
        for one in pipelines.properties("AWS::Batch::JobDefinition")
    )
