"""Runs of two pipelines with the same key start one run."""

from sluice.pipeline.definition import AfterRun, Job, Pipeline

pipeline = Pipeline(
    name="joined",
    triggers=[AfterRun("left", "right", by="key")],
    steps=[Job("both", run="tests.matrix.steps:joins")],
)
